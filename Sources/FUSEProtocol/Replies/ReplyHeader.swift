package import CRingFUSE

/// The header of a reply, `fuse_out_header`.
package struct ReplyHeader: Equatable, Sendable {
    /// Size in bytes.
    package static let byteCount = MemoryLayout<fuse_out_header>.size

    /// What the kernel is told instead of an error number it would refuse.
    private static let inputOutputError: Int32 = 5

    /// Length of the whole reply with this header, in bytes; the ring does not read it.
    package let length: UInt32
    /// Negated errno, or 0.
    package let error: Int32
    /// Identity of the request.
    package let unique: UInt64

    /// A reply that succeeds, with so many bytes after the header.
    package init(unique: UInt64, payloadByteCount: Int) {
        precondition(payloadByteCount >= 0 && payloadByteCount <= Int(UInt32.max) - Self.byteCount)
        length = UInt32(Self.byteCount + payloadByteCount)
        error = 0
        self.unique = unique
    }

    /// A reply that fails with a positive errno; nothing may follow its header.
    ///
    /// The kernel refuses a reply whose error is not in 1..<512, and the caller would wait for ever: EIO goes instead.
    package init(unique: UInt64, errno: Int32) {
        let isAccepted = errno > 0 && errno < 512
        assert(isAccepted, "not an errno: \(errno)")
        length = UInt32(Self.byteCount)
        error = isAccepted ? -errno : -Self.inputOutputError
        self.unique = unique
    }

    /// The structure of the ABI.
    package var raw: fuse_out_header {
        fuse_out_header(len: length, error: error, unique: unique)
    }

    /// Appends the 16 bytes; throws `noRoom`.
    package func encode(into output: inout OutputRawSpan) throws(WireError) {
        try output.append(raw)
    }
}
