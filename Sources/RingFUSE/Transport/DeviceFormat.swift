package import FUSEProtocol

/// How a request that was read from /dev/fuse divides into its fixed part and what follows.
///
/// On the ring the two come apart; here they are one run of bytes, and where it divides depends on the opcode.
package struct DeviceFormat: Sendable {
    private let minor: UInt32
    private let hasExtendedSetXattr: Bool

    /// The format of a connection.
    package init(_ agreed: NegotiatedSession) {
        minor = agreed.minor
        hasExtendedSetXattr = agreed.flags.contains(.extendedSetXattr)
    }

    /// Bytes of the fixed part.
    ///
    /// A fixed part that is cut short is passed on as it is; decoding it fails then, and the caller gets EIO.
    ///
    /// - Parameter bytes: all of the request.
    /// - Returns: `nil` where the bytes are no request: shorter than a header, or not as long as it says.
    @unsafe
    func argumentSize(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 40 else { return nil }
        let length = unsafe bytes.load(as: UInt32.self)
        guard length == bytes.count else { return nil }
        guard let opcode = unsafe Opcode(rawValue: bytes.load(fromByteOffset: 4, as: UInt32.self)) else { return 0 }
        return min(opcode.argumentSize(minor: minor, hasExtendedSetXattr: hasExtendedSetXattr), bytes.count - 40)
    }
}
