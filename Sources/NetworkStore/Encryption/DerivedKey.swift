internal import COpenSSL

/// A key of AES-256-GCM that encrypts a few messages, which a number tells apart.
struct DerivedKey: Sendable {
    private let bytes: ContiguousArray<UInt8>

    /// A key of 32 bytes.
    init(_ bytes: ContiguousArray<UInt8>) {
        precondition(bytes.count == VolumeKey.size, "a key has \(VolumeKey.size) bytes")
        self.bytes = bytes
    }

    /// Encrypts a message in place.
    ///
    /// - Parameters:
    ///   - number: of the message: no two of a key have the same.
    ///   - bound: what else must be the same when it is opened.
    /// - Returns: what it is opened with.
    @unsafe
    func seal(_ message: UnsafeMutableRawBufferPointer, number: UInt64, bound: UInt8) -> SealTag {
        var tag = SealTag(repeating: 0)
        let isDone = unsafe withParameters(number, bound) { key, nonce, bound in
            let span = tag.mutableSpan
            return unsafe Self.withBytes(of: span) { tag in
                unsafe rcrypt_seal(key, nonce, bound, 1, message.baseAddress, message.count, message.baseAddress, tag)
            }
        }
        precondition(isDone != 0, "no memory to encrypt")
        return tag
    }

    /// Decrypts a message.
    ///
    /// - Parameter target: gets it; as long as it is. May be where it is.
    /// - Returns: whether it is what was encrypted; if not, what `target` holds is undefined.
    @unsafe
    func open(
        _ message: UnsafeRawBufferPointer,
        number: UInt64,
        bound: UInt8,
        _ tag: SealTag,
        into target: UnsafeMutableRawPointer?
    ) -> Bool {
        let isRight = unsafe withParameters(number, bound) { key, nonce, bound in
            unsafe tag.span.withUnsafeBufferPointer { tag in
                unsafe rcrypt_open(
                    key, nonce, bound, 1, message.baseAddress, message.count, target, tag.baseAddress)
            }
        }
        return isRight != 0
    }

    private static func withBytes<Result>(
        of span: consuming MutableSpan<UInt8>,
        _ body: (UnsafeMutablePointer<UInt8>?) -> Result
    ) -> Result {
        unsafe span.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
    }

    /// The key, and the nonce of a message: its number and zeros.
    private func withParameters<Result>(
        _ number: UInt64,
        _ bound: UInt8,
        _ body: (UnsafePointer<UInt8>?, UnsafePointer<UInt8>?, UnsafePointer<UInt8>?) -> Result
    ) -> Result {
        var nonce = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<8 { nonce[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        return unsafe bytes.withUnsafeBufferPointer { key in
            unsafe nonce.span.withUnsafeBufferPointer { nonce in
                unsafe withUnsafePointer(to: bound) { unsafe body(key.baseAddress, nonce.baseAddress, $0) }
            }
        }
    }
}

extension VolumeKey {
    /// Bytes by which ``sealed(_:_:)`` is longer than what it is of.
    static let overhead = Salt.size + 16

    /// Small content as the metadata keep it, or a journal: salt, tag, and the bytes encrypted.
    func sealed(_ content: ContiguousArray<UInt8>, _ purpose: Purpose = .inline) -> ContiguousArray<UInt8> {
        let salt = Salt.random()
        var result = ContiguousArray<UInt8>()
        result.reserveCapacity(content.count + Self.overhead)
        salt.append(to: &result)
        var bytes = content
        let tag = unsafe bytes.withUnsafeMutableBytes { unsafe derived(purpose, salt).seal($0, number: 0, bound: 0) }
        for index in tag.indices { result.append(tag[index]) }
        return result + bytes
    }

    /// The content that bytes are of; `nil` where they are none that ``sealed(_:_:)`` has made with this key for this purpose.
    func opened(_ sealed: ContiguousArray<UInt8>, _ purpose: Purpose = .inline) -> ContiguousArray<UInt8>? {
        guard sealed.count >= Self.overhead else { return nil }
        var tag = SealTag(repeating: 0)
        for index in tag.indices { tag[index] = sealed[Salt.size + index] }
        let key = derived(purpose, Salt(sealed.prefix(Salt.size)))
        var content = ContiguousArray(sealed.dropFirst(Self.overhead))
        let isRight = unsafe content.withUnsafeMutableBytes {
            unsafe key.open(UnsafeRawBufferPointer($0), number: 0, bound: 0, tag, into: $0.baseAddress)
        }
        return isRight ? content : nil
    }
}
