public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// The commands there are; each is an `ioctl` number with direction and size in it.
    private enum Command {
        /// `FS_IOC_GETFLAGS`.
        static let flags: UInt32 = 0x8008_6601
        /// `FS_IOC_SETFLAGS`.
        static let setFlags: UInt32 = 0x4008_6602
        /// `FS_IOC_FSGETXATTR`.
        static let extendedFlags: UInt32 = 0x801c_581f
        /// `FS_IOC_FSSETXATTR`.
        static let setExtendedFlags: UInt32 = 0x401c_5820
        /// `FS_IOC_GETVERSION`.
        static let version: UInt32 = 0x8008_7601
    }

    /// Bytes of `struct fsxattr`.
    private static let extendedFlagsSize = 28

    /// Tells or sets what `lsattr` and `chattr` know: flags, also as xfs has them, and the generation.
    ///
    /// The kernel's VFS sends the four commands for flags on a file that it opens for them (`fuse_priv_ioctl`), with
    /// four bytes where their numbers promise eight. It has checked that the caller owns the file, and has
    /// `CAP_LINUX_IMMUTABLE` where the flags ask for it.
    ///
    /// - Returns: 0.
    /// - Throws: `EOPNOTSUPP` for flags that are not kept here, `EINVAL` for too few bytes, `ENOTTY` for other
    ///   commands, `ESTALE`.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int32 {
        let node = try self.node(file.node)
        switch command {
        case Command.flags:
            try Self.append([node.flags.rawValue], to: &output)
        case Command.setFlags:
            try set(InodeFlags(rawValue: try Self.number(input, at: 0)), among: .settable, on: node)
        case Command.extendedFlags:
            // Flags; then extent size, extents, project and copy-on-write size, which there are none of; and padding.
            try Self.append([node.flags.extendedFlags, 0, 0, 0, 0, 0, 0], to: &output)
        case Command.setExtendedFlags:
            try setExtended(input, on: node)
        case Command.version:
            // Programs pass a number of 32 bits, whatever the command's number says.
            try Self.append([UInt32(truncatingIfNeeded: generation)], to: &output)
        default:
            throw .inappropriateIOCTLForDevice
        }
        return 0
    }

    /// Sets flags.
    ///
    /// - Parameter mask: which ones are meant; the others stay.
    /// - Throws: `EOPNOTSUPP`.
    private func set(_ flags: InodeFlags, among mask: InodeFlags, on node: MemoryNode) throws(Errno) {
        var flags = flags
        guard flags.isSubset(of: .settable) else { throw .notSupported }
        if node.type != .directory {
            guard !flags.contains(.topDirectory) else { throw .notSupported }
            flags.subtract(.ofDirectories)
        }
        let now = Timestamp.now
        node.state.withLock { state in
            state.flags = state.flags.subtracting(mask).union(flags.intersection(mask))
            state.attributes.changeTime = now
        }
    }

    /// Sets flags as xfs has them.
    ///
    /// - Throws: `EOPNOTSUPP`, also for a project or sizes, which are not kept here; `EINVAL`.
    private func setExtended(_ input: RawSpan, on node: MemoryNode) throws(Errno) {
        guard input.byteCount >= Self.extendedFlagsSize else { throw .invalidArgument }
        guard let flags = InodeFlags(extendedFlags: try Self.number(input, at: 0)) else { throw .notSupported }
        // Extent size, project, copy-on-write size; the number of extents is only told.
        for offset in [4, 12, 16] {
            guard try Self.number(input, at: offset) == 0 else { throw .notSupported }
        }
        try set(flags, among: .extended, on: node)
    }

    /// Reads a number of the machine's byte order.
    ///
    /// - Throws: `EINVAL` where the input ends before.
    private static func number(_ input: RawSpan, at offset: Int) throws(Errno) -> UInt32 {
        guard input.byteCount >= offset + 4 else { throw .invalidArgument }
        return unsafe input.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    /// Appends numbers in the machine's byte order.
    ///
    /// - Throws: `EINVAL` where they do not fit.
    private static func append(_ numbers: [UInt32], to output: inout OutputRawSpan) throws(Errno) {
        guard output.freeCapacity >= numbers.count * 4 else { throw .invalidArgument }
        for number in numbers { unsafe output.append(number, as: UInt32.self) }
    }
}
