import CRingFUSE

/// Extensions after the names of CREATE, MKDIR, MKNOD, SYMLINK and TMPFILE: a security context, groups of the caller.
package struct RequestExtensions: ~Escapable {
    /// Name of the extended attribute that a security module wants on the new file; empty when there is none.
    package let securityName: Span<UInt8>
    /// Value of that attribute.
    package let securityValue: RawSpan
    /// How many groups of the caller were sent; at present the kernel sends the one that owns the parent.
    package let groupCount: Int
    /// Their IDs, undecoded.
    private let groups: RawSpan

    /// Decodes the extensions; throws `truncated`, `badLength` or `badName`.
    ///
    /// - Parameters:
    ///   - trailing: what follows the names in the payload.
    ///   - length: the header's `extensionLength`, in bytes.
    @_lifetime(copy trailing)
    package init(_ trailing: RawSpan, length: Int) throws(WireError) {
        guard length >= 0, trailing.byteCount >= length else {
            throw .truncated(expected: length, got: trailing.byteCount)
        }
        let bytes = trailing.extracting(0..<length)
        var securityName = 0..<0
        var securityValue = 0..<0
        var groups = 0..<0
        var offset = 0
        // Every round moves on by 8 bytes at least, for a header counts itself.
        while offset < length {
            let header = try bytes.load(fuse_ext_header.self, at: offset)
            let end = offset + Int(header.size)
            let body = offset + MemoryLayout<fuse_ext_header>.size
            guard end >= body, end <= length else { throw .badLength }
            switch header.type {
            case 0:
                break  // a header of security contexts without any
            case 1...FUSE_MAX_NR_SECCTX.rawValue:
                // No kernel sends more than one, and the ABI does not say how a second one would be aligned.
                guard header.type == 1 else { throw .badLength }
                (securityName, securityValue) = try bytes.securityContext(in: body..<end)
            case FUSE_EXT_GROUPS.rawValue:
                groups = try bytes.groupRange(in: body..<end)
            default:
                break  // of a newer kernel
            }
            offset = (end + 7) & ~7
        }
        self.securityName = bytes.octets(securityName)
        self.securityValue = bytes.extracting(securityValue)
        self.groups = bytes.extracting(groups)
        groupCount = groups.count / MemoryLayout<UInt32>.size
    }

    /// The ID of a group at an index below `groupCount`; throws `truncated` at any other.
    package func group(at index: Int) throws(WireError) -> UInt32 {
        guard index >= 0, index < groupCount else { throw .truncated(expected: index, got: groupCount) }
        return try groups.load(UInt32.self, at: index * MemoryLayout<UInt32>.size)
    }
}

extension RawSpan {
    /// Where the name and the value of the security context in a range lie.
    fileprivate func securityContext(in range: Range<Int>) throws(WireError) -> (Range<Int>, Range<Int>) {
        let bytes = extracting(0..<range.upperBound)
        let raw = try bytes.load(fuse_secctx.self, at: range.lowerBound)
        let name = try bytes.nameRange(.anything, from: range.lowerBound + MemoryLayout<fuse_secctx>.size)
        let start = name.upperBound + 1
        guard Int(raw.size) <= range.upperBound - start else { throw .badLength }
        return (name, start..<(start + Int(raw.size)))
    }

    /// Where the group IDs of the extension in a range lie.
    fileprivate func groupRange(in range: Range<Int>) throws(WireError) -> Range<Int> {
        let bytes = extracting(0..<range.upperBound)
        let raw = try bytes.load(fuse_supp_groups.self, at: range.lowerBound)
        let start = range.lowerBound + MemoryLayout<fuse_supp_groups>.size
        guard Int(raw.nr_groups) * MemoryLayout<UInt32>.size <= range.upperBound - start else { throw .badLength }
        return start..<(start + Int(raw.nr_groups) * MemoryLayout<UInt32>.size)
    }
}
