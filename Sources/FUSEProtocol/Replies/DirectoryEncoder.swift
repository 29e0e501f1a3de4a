package import CRingFUSE

/// Packs the entries of replies to READDIR and READDIRPLUS.
package enum DirectoryEncoder {
    /// Appends an entry of READDIR; false, with nothing appended, when it does not fit.
    ///
    /// - Parameters:
    ///   - name: its name, without NUL; throws `badName` when the kernel would refuse it, and with it the whole reply.
    ///   - inode: its inode number, which only readdir(3) sees.
    ///   - nextOffset: the offset with which the READDIR that goes on after this entry will come.
    ///   - type: DT_REG and the like, of readdir(3).
    ///   - output: the reply's payload, limited to the size that the request asked for.
    package static func append(
        name: Span<UInt8>,
        inode: UInt64,
        nextOffset: UInt64,
        type: UInt32,
        to output: inout OutputRawSpan
    ) throws(WireError) -> Bool {
        try check(name)
        let head = fuse_dirent(ino: inode, off: nextOffset, namelen: UInt32(name.count), type: type)
        guard paddedSize(MemoryLayout<fuse_dirent>.size + name.count) <= output.freeCapacity else { return false }
        try output.append(head)
        try appendPadded(name, to: &output)
        return true
    }

    /// Appends an entry of READDIRPLUS; false, with nothing appended, when it does not fit.
    ///
    /// An entry whose `nodeid` is not 0 counts as a LOOKUP, which the kernel will FORGET, except those of "." and "..".
    ///
    /// - Parameters:
    ///   - entry: the node, as LOOKUP would answer; its `nodeid` 0 means that only the name is told.
    ///   - name: its name, without NUL; throws `badName` when the kernel would refuse it, and with it the whole reply.
    ///   - nextOffset: the offset with which the READDIRPLUS that goes on after this entry will come.
    ///   - type: DT_REG and the like, of readdir(3).
    ///   - output: the reply's payload, limited to the size that the request asked for.
    package static func append(
        entry: fuse_entry_out,
        name: Span<UInt8>,
        inode: UInt64,
        nextOffset: UInt64,
        type: UInt32,
        to output: inout OutputRawSpan
    ) throws(WireError) -> Bool {
        try check(name)
        let head = fuse_direntplus(
            entry_out: entry,
            dirent: fuse_dirent(ino: inode, off: nextOffset, namelen: UInt32(name.count), type: type)
        )
        guard paddedSize(MemoryLayout<fuse_direntplus>.size + name.count) <= output.freeCapacity else { return false }
        try output.append(head)
        try appendPadded(name, to: &output)
        return true
    }

    /// A size rounded up to the 8 bytes that entries are aligned to.
    private static func paddedSize(_ size: Int) -> Int { (size + 7) & ~7 }

    /// Appends a name, and zeroes up to the next multiple of 8; both heads are one already.
    private static func appendPadded(_ name: Span<UInt8>, to output: inout OutputRawSpan) throws(WireError) {
        try output.append(contentsOf: RawSpan(_elements: name))
        for _ in name.count..<paddedSize(name.count) {
            output.append(0)
        }
    }

    /// Throws `badName` for a name that the kernel answers with EIO for the whole directory; "." and ".." are fine.
    private static func check(_ name: Span<UInt8>) throws(WireError) {
        guard NameRule.lookedUp.allows(name) else { throw .badName }
    }
}
