public import CRingFUSE

/// The header of a request, `fuse_in_header`, checked for itself.
@frozen
@usableFromInline
package struct RequestHeader: Equatable, Sendable {
    /// Size in bytes.
    @inlinable
    package static var byteCount: Int { MemoryLayout<fuse_in_header>.size }

    /// Length of the whole request with this header, in bytes.
    @usableFromInline package let length: Int
    /// Raw opcode; what a newer kernel may send is not an error of the header.
    @usableFromInline package let opcode: UInt32
    /// Identity of the request, which its reply repeats.
    @usableFromInline package let unique: UInt64
    /// The node it is about; 0 in requests that are about none.
    @usableFromInline package let node: UInt64
    /// User ID of the caller, or `FUSE_INVALID_UIDGID`.
    @usableFromInline package let uid: UInt32
    /// Group ID of the caller, or `FUSE_INVALID_UIDGID`.
    @usableFromInline package let gid: UInt32
    /// Process ID of the caller, 0 for the kernel itself.
    @usableFromInline package let pid: UInt32
    /// Length of the extensions at the end of the payload, in bytes.
    @usableFromInline package let extensionLength: Int

    /// Whether a server before this one may already have acted on the request.
    package var isResent: Bool { unique & FUSE_UNIQUE_RESEND != 0 }

    /// Decodes the first 40 bytes; throws `truncated`, and `badLength` when the lengths inside contradict each other.
    @inlinable
    package init(_ bytes: RawSpan) throws(WireError) {
        let raw = try bytes.load(fuse_in_header.self)
        length = Int(raw.len)
        opcode = raw.opcode
        unique = raw.unique
        node = raw.nodeid
        uid = raw.uid
        gid = raw.gid
        pid = raw.pid
        extensionLength = Int(raw.total_extlen) * 8
        guard length >= Self.byteCount, extensionLength <= length - Self.byteCount else { throw .badLength }
    }
}
