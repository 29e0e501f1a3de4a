public import SystemPackage

/// How much of the machine's dirty memory one mount may have: the limit on its backing device in the kernel.
///
/// A program that dirties pages of a mount faster than its server takes them is held back at this limit, so that a slow
/// or stuck server cannot fill the machine with memory that nobody can free. FUSE mounts begin with 1 percent of the
/// machine's limit (`fuse_bdi_init`), which is strict: it holds whatever the machine's total is
/// (`BDI_CAP_STRICTLIMIT`).
public struct DirtyLimit: Sendable, Equatable {
    /// Where the kernel keeps its settings, such as `/sys/class/bdi/0:52`.
    public let directory: FilePath

    /// The limit of a mount.
    ///
    /// - Parameter connection: the number of its connection, which is the kernel's number of its device.
    public init(connection: UInt32) {
        // `dev_t` of the kernel: 20 bits for the minor.
        directory = FilePath("/sys/class/bdi/\(connection >> 20):\(connection & 0xfffff)")
    }

    /// The share in percent.
    ///
    /// - Throws: `ENOENT` where there is no such mount, or no sysfs.
    public func percent() throws(Errno) -> Int {
        let text = String(decoding: try SystemFile.bytes(of: directory.appending("max_ratio")), as: UTF8.self)
        guard let value = Int(text.trimmed) else { throw .invalidArgument }
        return value
    }

    /// Whether the limit holds even while the machine's total is far from its own; `nil` before Linux 6.2, which does
    /// not tell (there it holds, too).
    public var isStrict: Bool? {
        SystemFile.text(of: directory.appending("strict_limit")).map { $0 == "1" }
    }

    /// Sets the share.
    ///
    /// - Parameter percent: from 1 to 100.
    /// - Throws: `EACCES` for anyone but root, `EROFS` where sysfs is mounted read-only, as in containers; `EINVAL`
    ///   outside the range; `ENOENT`.
    public func setPercent(_ percent: Int) throws(Errno) {
        guard (1...100).contains(percent) else { throw .invalidArgument }
        try SystemFile.write("\(percent)", to: directory.appending("max_ratio"))
    }

    /// One line about a share that could not be set, with what to do.
    func notice(about error: Errno, settingPercent percent: Int) -> String {
        let file = directory.appending("max_ratio")
        return "the dirty limit of this mount stays as the kernel has it, 1 %: \(file): \(error); "
            + "as root: echo \(percent) > \(file)"
    }
}
