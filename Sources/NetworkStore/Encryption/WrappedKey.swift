internal import COpenSSL
internal import Crypto

/// What a volume's key is wrapped with.
public enum VolumeSecret: Sendable {
    /// A passphrase, of which a key is made that takes long to try out.
    case passphrase([UInt8])
    /// The content of a file that nobody can guess.
    case keyFile([UInt8])

    /// Bytes that the content of a key file has at least.
    public static let leastKeyFile = 32
}

/// Why a volume's key cannot be had.
public enum VolumeKeyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The passphrase, or the content of the file, is not the right one.
    case wrong
    /// The key was wrapped with the other kind of secret.
    case needs(String)
    /// What the volume has is no key.
    case damaged
    /// No memory for the work that a passphrase takes.
    case noMemory

    /// One line.
    public var description: String {
        switch self {
        case .wrong: "the passphrase or the key file is not that of the volume"
        case .needs(let what): "the volume was formatted with \(what); name that"
        case .damaged: "the key that the volume has is none; restore its metadata from a backup"
        case .noMemory: "there is no memory for making a key of the passphrase (128 MiB)"
        }
    }
}

/// A volume's key as its metadata have it: encrypted with one that is made of a passphrase or of a key file.
///
/// As text: `aes-256-gcm scrypt LOGN R P SALT SEALED` or `aes-256-gcm file SALT SEALED`, with bytes in hexadecimal digits; what is
/// sealed is the key, and its tag.
struct WrappedKey: Hashable, Sendable {
    /// How the key is made that wraps.
    enum Method: Hashable, Sendable {
        case scrypt(logN: UInt32, r: UInt32, p: UInt32)
        case file
    }

    var method: Method
    var salt: ContiguousArray<UInt8>
    var sealed: ContiguousArray<UInt8>

    /// What a new passphrase gets: 128 MiB and some tenths of a second for each that is tried.
    static let usual = Method.scrypt(logN: 17, r: 8, p: 1)

    /// Wraps a key.
    ///
    /// - Parameter identifier: the volume's: a key is not that of another volume.
    init(
        _ key: VolumeKey,
        with secret: VolumeSecret,
        identifier: String,
        method: Method = usual,
        salt: ContiguousArray<UInt8> = RandomBytes.make(16)
    ) throws(VolumeKeyError) {
        self.method = if case .keyFile = secret { .file } else { method }
        self.salt = salt
        sealed = []
        let wrapping = try wrappingKey(secret, identifier)
        var bytes = unsafe key.withBytes { unsafe ContiguousArray($0) }
        // The only message of a key with a salt of its own.
        let tag = unsafe bytes.withUnsafeMutableBytes { unsafe wrapping.seal($0, number: 0, bound: 0) }
        sealed = bytes
        for index in tag.indices { sealed.append(tag[index]) }
    }

    /// The key.
    ///
    /// - Throws: ``VolumeKeyError``.
    func key(_ secret: VolumeSecret, identifier: String) throws(VolumeKeyError) -> VolumeKey {
        switch (method, secret) {
        case (.file, .passphrase): throw .needs("a key file")
        case (.scrypt, .keyFile): throw .needs("a passphrase")
        default: break
        }
        guard sealed.count == VolumeKey.size + 16 else { throw .damaged }
        let wrapping = try wrappingKey(secret, identifier)
        var tag = SealTag(repeating: 0)
        for index in tag.indices { tag[index] = sealed[VolumeKey.size + index] }
        var bytes = ContiguousArray(sealed.prefix(VolumeKey.size))
        let isRight = unsafe bytes.withUnsafeMutableBytes {
            unsafe wrapping.open(UnsafeRawBufferPointer($0), number: 0, bound: 0, tag, into: $0.baseAddress)
        }
        guard isRight else { throw .wrong }
        return VolumeKey(bytes)
    }

    /// The key that wraps.
    private func wrappingKey(_ secret: VolumeSecret, _ identifier: String) throws(VolumeKeyError) -> DerivedKey {
        let bound = salt + ContiguousArray(identifier.utf8)
        switch (secret, method) {
        case (.keyFile(let bytes), _):
            let code = HMAC<SHA256>.authenticationCode(
                for: ContiguousArray("ringfuse key file 1".utf8) + bound, using: SymmetricKey(data: bytes))
            return DerivedKey(ContiguousArray(code))
        case (.passphrase(let bytes), .scrypt(let logN, let r, let p)):
            var key = ContiguousArray<UInt8>(repeating: 0, count: VolumeKey.size)
            let isDone = unsafe key.withUnsafeMutableBufferPointer { key in
                unsafe bytes.withUnsafeBytes { passphrase in
                    unsafe bound.withUnsafeBufferPointer { salt in
                        unsafe rcrypt_scrypt(
                            passphrase.baseAddress, passphrase.count, salt.baseAddress, salt.count, logN, r, p,
                            key.baseAddress)
                    }
                }
            }
            guard isDone != 0 else { throw .noMemory }
            return DerivedKey(key)
        case (.passphrase, .file): throw .needs("a key file")
        }
    }

    // MARK: Text

    private static let algorithm = "aes-256-gcm"

    /// It, as the metadata have it.
    var text: String {
        let middle =
            switch method {
            case .scrypt(let logN, let r, let p): "scrypt \(logN) \(r) \(p)"
            case .file: "file"
            }
        return "\(Self.algorithm) \(middle) \(Hexadecimal.text(salt)) \(Hexadecimal.text(sealed))"
    }

    /// Reads a text.
    ///
    /// - Throws: ``VolumeKeyError/damaged``.
    init(_ text: String) throws(VolumeKeyError) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count >= 4, words[0] == Self.algorithm else { throw .damaged }
        let rest = words.suffix(2).map { Hexadecimal.bytes($0) }
        guard let salt = rest[0], let sealed = rest[1], !salt.isEmpty else { throw .damaged }
        switch (words[1], words.count) {
        case ("file", 4): method = .file
        case ("scrypt", 7):
            // No more than a tampered database should be able to make a mount spend.
            guard let logN = UInt32(words[2]), let r = UInt32(words[3]), let p = UInt32(words[4]),
                (1...22).contains(logN), (1...32).contains(r), (1...16).contains(p)
            else { throw .damaged }
            method = .scrypt(logN: logN, r: r, p: p)
        default: throw .damaged
        }
        self.salt = salt
        self.sealed = sealed
    }
}

extension VolumeKey {
    /// Wraps it for the metadata of a volume: ``VolumeDescription/wrappedKey``.
    ///
    /// - Parameter identifier: the volume's.
    public func wrapped(with secret: VolumeSecret, identifier: String) throws(VolumeKeyError) -> String {
        try WrappedKey(self, with: secret, identifier: identifier).text
    }

    /// The key of a volume.
    ///
    /// - Throws: ``VolumeKeyError``; nothing is changed.
    public static func unwrapped(
        _ text: String,
        with secret: VolumeSecret,
        identifier: String
    ) throws(VolumeKeyError) -> VolumeKey {
        try WrappedKey(text).key(secret, identifier: identifier)
    }
}
