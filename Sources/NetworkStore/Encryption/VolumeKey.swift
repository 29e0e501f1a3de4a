internal import COpenSSL
internal import Crypto
internal import Glibc

/// The key of an encrypted volume, from which those of objects and of small content are made.
///
/// See `docs/decisions/0037-encryption.md` for which key encrypts what with which nonce, and why no two things ever get the
/// same ones.
@safe
public final class VolumeKey: @unchecked Sendable {
    /// The bytes. Nobody changes them.
    private let bytes: UnsafeMutableRawBufferPointer

    /// Bytes of a key.
    static let size = RCRYPT_KEY

    /// A new key, which nobody can guess.
    public static func random() -> VolumeKey { VolumeKey(RandomBytes.make(size)) }

    /// A key of bytes.
    init(_ source: ContiguousArray<UInt8>) {
        precondition(source.count == Self.size, "a key has \(Self.size) bytes")
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 16)
        unsafe memory.copyBytes(from: source)
        // Not to be written to swap, as far as the limits of the process allow.
        _ = unsafe mlock(memory.baseAddress, memory.count)
        unsafe bytes = memory
    }

    deinit {
        unsafe rcrypt_wipe(bytes.baseAddress, bytes.count)
        _ = unsafe munlock(bytes.baseAddress, bytes.count)
        unsafe bytes.deallocate()
    }

    /// Its bytes, to be wrapped.
    @unsafe
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(bytes))
    }

    /// A key made of this one for one purpose: HMAC-SHA-256 of the purpose, a salt and a number.
    ///
    /// - Parameters:
    ///   - purpose: tells things apart that have salts of their own.
    ///   - salt: nobody else has it.
    func derived(_ purpose: Purpose, _ salt: Salt, number: UInt64 = 0) -> DerivedKey {
        let key = unsafe withBytes { unsafe SymmetricKey(data: $0) }
        var message = ContiguousArray(purpose.rawValue.utf8)
        salt.append(to: &message)
        for shift in stride(from: 0, to: 64, by: 8) { message.append(UInt8(truncatingIfNeeded: number >> shift)) }
        let code = HMAC<SHA256>.authenticationCode(for: message, using: key)
        return DerivedKey(ContiguousArray(code))
    }

    /// What a derived key is for.
    enum Purpose: String {
        case object = "ringfuse object 1"
        case inline = "ringfuse inline 1"
        case journal = "ringfuse journal 1"
    }
}

/// Sixteen random bytes that make a key one of its own.
struct Salt: Hashable, Sendable {
    /// Bytes of a salt.
    static let size = 16

    private let low: UInt64
    private let high: UInt64

    /// A new one.
    static func random() -> Salt {
        var generator = SystemRandomNumberGenerator()
        return Salt(low: generator.next(), high: generator.next())
    }

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The salt that bytes are, of which there must be enough.
    init(_ bytes: some RandomAccessCollection<UInt8>) {
        low = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        high = bytes.dropFirst(8).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Appends its bytes.
    func append(to bytes: inout ContiguousArray<UInt8>) {
        for word in [low, high] {
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
    }
}

/// What tells whether encrypted bytes are those that were written.
typealias SealTag = InlineArray<16, UInt8>

/// Bytes that nobody can guess.
enum RandomBytes {
    /// So many.
    static func make(_ count: Int) -> ContiguousArray<UInt8> {
        var generator = SystemRandomNumberGenerator()
        return ContiguousArray((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
}
