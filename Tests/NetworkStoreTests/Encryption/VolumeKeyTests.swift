import Testing

@testable import NetworkStore

/// Keys, and what is encrypted with them, held against what another library makes of the same (`hmac`, `hashlib.scrypt` and the
/// package `cryptography` of Python).
@Suite struct VolumeKeyTests {
    private static let key = VolumeKey(ContiguousArray(0..<32))
    private static let salt = Salt(Array(0xa0..<0xb0) as [UInt8])
    private static let identifier = "0123456789abcdef0123456789abcdef"
    private static let message = ContiguousArray("The quick brown fox jumps over the lazy dog".utf8)
    private static let keyFile = VolumeSecret.keyFile((0..<100).map { UInt8($0 * 7 % 256) })
    private static let passphrase = VolumeSecret.passphrase(Array("correct horse".utf8))

    /// A block of an object.
    @Test func blocks() throws {
        let derived = Self.key.derived(.object, Self.salt, number: 0x12_3456_789a)
        var bytes = Self.message
        let tag = unsafe bytes.withUnsafeMutableBytes { unsafe derived.seal($0, number: 7, bound: 1) }
        #expect(
            Hexadecimal.text(bytes)
                == "fc1f0b4120f2622ee39ec1a76325a4ab21de87f31008ea8b0bcf45164c58a4e1909f512118711688f61fa5")
        #expect(Hexadecimal.text((0..<16).map { tag[$0] }) == "f16ad1f76cb22aca9b97d5866cf5c0e0")
        func opened(_ derived: DerivedKey, number: UInt64, bound: UInt8, _ tag: SealTag) -> ContiguousArray<UInt8>? {
            var copy = bytes
            let isRight = unsafe copy.withUnsafeMutableBytes {
                unsafe derived.open(
                    UnsafeRawBufferPointer($0), number: number, bound: bound, tag, into: $0.baseAddress)
            }
            return isRight ? copy : nil
        }
        #expect(opened(derived, number: 7, bound: 1, tag) == Self.message)
        // Anything else, and it is not opened.
        #expect(opened(derived, number: 8, bound: 1, tag) == nil)
        #expect(opened(derived, number: 7, bound: 0, tag) == nil)
        var other = tag
        other[15] ^= 1
        #expect(opened(derived, number: 7, bound: 1, other) == nil)
        #expect(opened(Self.key.derived(.object, Self.salt, number: 1), number: 7, bound: 1, tag) == nil)
        #expect(opened(Self.key.derived(.inline, Self.salt, number: 0x12_3456_789a), number: 7, bound: 1, tag) == nil)
    }

    /// Small content in the metadata.
    @Test func inline() throws {
        let made = try #require(
            Hexadecimal.bytes(
                "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" + "af4e3a34bdb2410c5e8df034ea921eb6"
                    + "2b6e065cd59b47e2a3289316d973bc699cdf3b4969b1fc710daf8b297144768dd092d48b2e7976b33f5e73"))
        #expect(Self.key.opened(made) == Self.message)
        for index in made.indices {
            var damaged = made
            damaged[index] ^= 4
            #expect(Self.key.opened(damaged) == nil)
        }
        for count in 0..<made.count { #expect(Self.key.opened(ContiguousArray(made.prefix(count))) == nil) }
        let (first, second) = (Self.key.sealed(Self.message), Self.key.sealed(Self.message))
        #expect(first != second && first.count == Self.message.count + VolumeKey.overhead)
        #expect(Self.key.opened(first) == Self.message && Self.key.opened(second) == Self.message)
        #expect(VolumeKey.random().opened(first) == nil)
        #expect(Self.key.opened(Self.key.sealed([])) == [])
    }

    /// The key itself, wrapped with a passphrase and with a file.
    @Test(arguments: [
        (
            passphrase, WrappedKey.Method.scrypt(logN: 10, r: 8, p: 2),
            "aes-256-gcm scrypt 10 8 2 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 8b5adafcefeb65391da35c205f1ce2ea188689d334e5ceb6"
                + "00011ff4ff48f7d951681e5328edccbbba43f43d8107a92e"
        ),
        (
            keyFile, WrappedKey.Method.file,
            "aes-256-gcm file a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 8758561eb6f13d0e39d40125e848a7d158778b36fb38367f9b469c06"
                + "53978787644c001e5eb5214cdbcbac926c51e29f"
        ),
    ])
    func wrapped(_ secret: VolumeSecret, _ method: WrappedKey.Method, _ text: String) throws {
        var salt = ContiguousArray<UInt8>()
        Self.salt.append(to: &salt)
        let wrapped = try WrappedKey(
            Self.key, with: secret, identifier: Self.identifier, method: method, salt: salt)
        #expect(wrapped.text == text)
        let read = try WrappedKey(text)
        #expect(read == wrapped)
        let key = try read.key(secret, identifier: Self.identifier)
        #expect(key.opened(Self.key.sealed(Self.message)) == Self.message)
        // Another volume's, another secret, the other kind of secret, and a key that was changed.
        #expect(throws: VolumeKeyError.wrong) { try read.key(secret, identifier: "f" + Self.identifier.dropFirst()) }
        let (wrong, other): (VolumeSecret, VolumeSecret) =
            method == .file
            ? (.keyFile([UInt8](repeating: 1, count: 32)), Self.passphrase)
            : (.passphrase(Array("correct horsf".utf8)), Self.keyFile)
        #expect(throws: VolumeKeyError.wrong) { try read.key(wrong, identifier: Self.identifier) }
        #expect(throws: VolumeKeyError.self) { try read.key(other, identifier: Self.identifier) }
        var damaged = read
        damaged.sealed[0] ^= 1
        #expect(throws: VolumeKeyError.wrong) { try damaged.key(secret, identifier: Self.identifier) }
    }

    /// What is no wrapped key, and what would cost more than anybody has.
    @Test(arguments: [
        "", "aes-256-gcm", "aes-128-gcm file a0 b0", "aes-256-gcm file a0 xx", "aes-256-gcm file a b0",
        "aes-256-gcm scrypt 17 8 a0 b0", "aes-256-gcm scrypt 40 8 1 a0 b0", "aes-256-gcm scrypt 17 8 0 a0 b0",
        "aes-256-gcm scrypt 17 9999 1 a0 b0", "aes-256-gcm file a0 b0 c0", "aes-256-gcm scrypt x 8 1 a0 b0",
    ])
    func noWrappedKey(_ text: String) {
        #expect(throws: VolumeKeyError.damaged) { try WrappedKey(text) }
    }

    @Test func tooShort() throws {
        let wrapped = try WrappedKey("aes-256-gcm file a0 b0")
        #expect(throws: VolumeKeyError.damaged) { try wrapped.key(Self.keyFile, identifier: Self.identifier) }
    }

    @Test func keysDiffer() {
        let keys = (0..<50).map { _ in unsafe VolumeKey.random().withBytes { unsafe Array($0) } }
        #expect(Set(keys).count == 50)
    }
}
