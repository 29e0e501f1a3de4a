package import SystemPackage

/// What `lsattr` and `chattr` ask of a node: its flags, also as xfs has them, and its generation.
///
/// The kernel's VFS sends the four commands for flags on a file that it opens for them (`fuse_priv_ioctl`), with four bytes
/// where their numbers promise eight. It has checked that the caller owns the file, and has `CAP_LINUX_IMMUTABLE` where the
/// flags ask for it.
package enum FlagCommand {
    /// `FS_IOC_GETFLAGS`.
    case tell
    /// `FS_IOC_FSGETXATTR`.
    case tellExtended
    /// `FS_IOC_GETVERSION`.
    case tellGeneration
    /// `FS_IOC_SETFLAGS` and `FS_IOC_FSSETXATTR`: sets those of the flags that a mask names; the others stay.
    case set(InodeFlags, among: InodeFlags)

    /// The commands' numbers; each has direction and size in it.
    private enum Number {
        static let flags: UInt32 = 0x8008_6601
        static let setFlags: UInt32 = 0x4008_6602
        static let extendedFlags: UInt32 = 0x801c_581f
        static let setExtendedFlags: UInt32 = 0x401c_5820
        static let version: UInt32 = 0x8008_7601
    }

    /// Bytes of `struct fsxattr`.
    private static let extendedFlagsSize = 28

    /// Reads a command.
    ///
    /// - Throws: `EOPNOTSUPP` for what is not kept: a project or sizes; `EINVAL` for too few bytes, `ENOTTY` for other
    ///   commands.
    package init(_ command: UInt32, input: RawSpan) throws(Errno) {
        switch command {
        case Number.flags: self = .tell
        case Number.setFlags: self = .set(InodeFlags(rawValue: try Self.number(input, at: 0)), among: .settable)
        case Number.extendedFlags: self = .tellExtended
        case Number.setExtendedFlags: self = .set(try Self.extendedFlags(input), among: .extended)
        case Number.version: self = .tellGeneration
        default: throw .inappropriateIOCTLForDevice
        }
    }

    /// The flags in `struct fsxattr`.
    private static func extendedFlags(_ input: RawSpan) throws(Errno) -> InodeFlags {
        guard input.byteCount >= extendedFlagsSize else { throw .invalidArgument }
        guard let flags = InodeFlags(extendedFlags: try number(input, at: 0)) else { throw .notSupported }
        // Extent size, project, copy-on-write size; the number of extents is only told.
        for offset in [4, 12, 16] {
            guard try number(input, at: offset) == 0 else { throw .notSupported }
        }
        return flags
    }

    /// Answers a command that asks; does nothing for others.
    ///
    /// - Throws: `EINVAL` where the answer does not fit.
    package func answer(_ flags: InodeFlags, generation: UInt64, to output: inout OutputRawSpan) throws(Errno) {
        switch self {
        case .tell: try Self.append([flags.rawValue], to: &output)
        // Flags; then extent size, extents, project and copy-on-write size, which there are none of; and padding.
        case .tellExtended: try Self.append([flags.extendedFlags, 0, 0, 0, 0, 0, 0], to: &output)
        // Programs pass a number of 32 bits, whatever the command's number says.
        case .tellGeneration: try Self.append([UInt32(truncatingIfNeeded: generation)], to: &output)
        case .set: break
        }
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
