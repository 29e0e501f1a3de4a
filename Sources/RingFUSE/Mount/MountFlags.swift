internal import Glibc

/// The flags of mount(2) that a FUSE mount can carry.
///
/// FUSE leaves access times to the server (the kernel marks its inodes S_NOATIME), so the flags about those only show
/// in the mount table.
public struct MountFlags: OptionSet, Sendable, Hashable {
    /// The bits as mount(2) takes them.
    public let rawValue: UInt

    /// Flags from the bits of mount(2).
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// Nothing can be written. The C name is `MS_RDONLY`.
    public static var readOnly: Self { Self(rawValue: UInt(MS_RDONLY)) }

    /// Set-user-ID bits are ignored. The C name is `MS_NOSUID`.
    public static var noSetUID: Self { Self(rawValue: UInt(MS_NOSUID)) }

    /// Device files cannot be opened. The C name is `MS_NODEV`.
    public static var noDevices: Self { Self(rawValue: UInt(MS_NODEV)) }

    /// Programs cannot be run. The C name is `MS_NOEXEC`.
    public static var noExecution: Self { Self(rawValue: UInt(MS_NOEXEC)) }

    /// Every write is synchronous. The C name is `MS_SYNCHRONOUS`.
    public static var synchronous: Self { Self(rawValue: UInt(MS_SYNCHRONOUS)) }

    /// Every change of a directory is synchronous. The C name is `MS_DIRSYNC`.
    public static var synchronousDirectories: Self { Self(rawValue: UInt(MS_DIRSYNC)) }

    /// Access times are not kept. The C name is `MS_NOATIME`.
    public static var noAccessTimes: Self { Self(rawValue: UInt(MS_NOATIME)) }

    /// Access times of directories are not kept. The C name is `MS_NODIRATIME`.
    public static var noDirectoryAccessTimes: Self { Self(rawValue: UInt(MS_NODIRATIME)) }

    /// Access times are kept where they are older than the change. The C name is `MS_RELATIME`.
    public static var relativeAccessTimes: Self { Self(rawValue: UInt(MS_RELATIME)) }

    /// Access times are always kept. The C name is `MS_STRICTATIME`.
    public static var strictAccessTimes: Self { Self(rawValue: UInt(MS_STRICTATIME)) }

    /// Times are written late. The C name is `MS_LAZYTIME`.
    public static var lazyTimes: Self { Self(rawValue: UInt(MS_LAZYTIME)) }

    /// The name of an option of mount(8), and the flags it sets and clears.
    struct Named {
        /// The option.
        let name: String
        /// Flags it sets.
        let set: MountFlags
        /// Flags it clears.
        let cleared: MountFlags
    }

    /// The options of mount(8) that stand for flags; fusermount3 3.14 knows those of `helperNames` only.
    static var named: [Named] {
        [
            Named(name: "ro", set: .readOnly, cleared: []),
            Named(name: "rw", set: [], cleared: .readOnly),
            Named(name: "nosuid", set: .noSetUID, cleared: []),
            Named(name: "suid", set: [], cleared: .noSetUID),
            Named(name: "nodev", set: .noDevices, cleared: []),
            Named(name: "dev", set: [], cleared: .noDevices),
            Named(name: "noexec", set: .noExecution, cleared: []),
            Named(name: "exec", set: [], cleared: .noExecution),
            Named(name: "sync", set: .synchronous, cleared: []),
            Named(name: "async", set: [], cleared: .synchronous),
            Named(name: "dirsync", set: .synchronousDirectories, cleared: []),
            Named(name: "noatime", set: .noAccessTimes, cleared: [.relativeAccessTimes, .strictAccessTimes]),
            Named(name: "atime", set: [], cleared: .noAccessTimes),
            Named(name: "nodiratime", set: .noDirectoryAccessTimes, cleared: []),
            Named(name: "diratime", set: [], cleared: .noDirectoryAccessTimes),
            Named(name: "relatime", set: .relativeAccessTimes, cleared: [.noAccessTimes, .strictAccessTimes]),
            Named(name: "norelatime", set: [], cleared: .relativeAccessTimes),
            Named(name: "strictatime", set: .strictAccessTimes, cleared: [.noAccessTimes, .relativeAccessTimes]),
            Named(name: "nostrictatime", set: [], cleared: .strictAccessTimes),
            Named(name: "lazytime", set: .lazyTimes, cleared: []),
            Named(name: "nolazytime", set: [], cleared: .lazyTimes),
        ]
    }

    /// The options that fusermount3 takes for these flags. It knows no others, and always sets nosuid and nodev.
    var helperNames: [String] {
        var names: [String] = [contains(.readOnly) ? "ro" : "rw"]
        if contains(.noExecution) { names.append("noexec") }
        if contains(.synchronous) { names.append("sync") }
        if contains(.synchronousDirectories) { names.append("dirsync") }
        if contains(.noAccessTimes) { names.append("noatime") }
        return names
    }
}
