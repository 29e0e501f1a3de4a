/// A request as it is read from /dev/fuse, taken apart in the two pieces that the ring delivers separately.
package struct DeviceRequest: ~Escapable {
    /// Its header.
    package let header: RequestHeader
    /// The fixed structure; empty when the opcode has none, or is unknown.
    package let argument: RawSpan
    /// All that follows: names and data.
    package let payload: RawSpan

    /// Takes apart the bytes of one read; throws `badLength` when they are more than the request says.
    ///
    /// - Parameters:
    ///   - bytes: what one read returned.
    ///   - minor: the minor version agreed on; before INIT, any.
    ///   - hasExtendedSetXattr: whether `FUSE_SETXATTR_EXT` was agreed on.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan, minor: UInt32, hasExtendedSetXattr: Bool) throws(WireError) {
        let header = try RequestHeader(bytes)
        guard bytes.byteCount >= header.length else {
            throw .truncated(expected: header.length, got: bytes.byteCount)
        }
        guard bytes.byteCount == header.length else { throw .badLength }
        let start = RequestHeader.byteCount
        var size = 0
        if let opcode = Opcode(rawValue: header.opcode) {
            // The version INIT itself announces is not known yet: all of it is its argument.
            size =
                opcode == .initialize
                ? bytes.byteCount - start
                : opcode.argumentSize(minor: minor, hasExtendedSetXattr: hasExtendedSetXattr)
        }
        guard size <= bytes.byteCount - start else {
            throw .truncated(expected: start + size, got: bytes.byteCount)
        }
        self.header = header
        argument = bytes.extracting(start..<(start + size))
        payload = bytes.suffix(from: start + size)
    }
}
