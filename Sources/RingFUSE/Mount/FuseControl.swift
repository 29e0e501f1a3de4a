internal import Glibc
public import SystemPackage

/// The control files of one FUSE connection, below /sys/fs/fuse/connections. They work while the mount itself hangs.
public struct FuseControl: Sendable, Equatable {
    /// Where the kernel keeps the control files, in a file system of their own.
    public static let root: FilePath = "/sys/fs/fuse/connections"

    /// The number of the connection, which is its directory's name.
    public let connection: UInt32

    /// The control files of a connection, by its number.
    ///
    /// - Throws: ``MountError/noControl(_:)`` where they are not there.
    public init(connection: UInt32) throws(MountError) {
        self.connection = connection
        try Self.prepare()
        guard SystemFile.exists(directory) else { throw .noControl(.noSuchFileOrDirectory) }
    }

    /// The control files of the file system mounted on a path. The path is resolved without asking its server.
    ///
    /// - Throws: ``MountError`` where nothing or nothing of FUSE is mounted there.
    public init(mountPoint: FilePath) throws(MountError) {
        try self.init(connection: MountTarget(mountPoint).requireFUSE().connection)
    }

    /// The directory of the connection.
    private var directory: FilePath { Self.root.appending("\(connection)") }

    /// Mounts the control file system where it is missing, as in many containers, if this process may.
    private static func prepare() throws(MountError) {
        let table = try MountTable.read()
        if table.entry(at: root)?.type == "fusectl" { return }
        if unsafe mount("fusectl", root.string, "fusectl", 0, nil) == 0 { return }
        throw .noControl(Errno(rawValue: errno))
    }

    /// How many requests wait for the server or are with it; 0 for an idle file system.
    ///
    /// - Throws: ``MountError/noControl(_:)``.
    public func waiting() throws(MountError) -> Int {
        try number("waiting")
    }

    /// How many background requests (readahead, writeback, asynchronous direct I/O) may be with the server at once.
    ///
    /// - Throws: ``MountError/noControl(_:)``.
    public func maximumBackground() throws(MountError) -> Int {
        try number("max_background")
    }

    /// Sets how many background requests may be with the server at once.
    ///
    /// - Throws: ``MountError/noControl(_:)``, with `EINVAL` above 65,535, and above what only root may set.
    public func setMaximumBackground(_ count: Int) throws(MountError) {
        try write("\(count)", to: "max_background")
    }

    /// Aborts the connection: every request in flight and every later one fails with ECONNABORTED or ENOTCONN. The
    /// mount stays until it is unmounted.
    ///
    /// - Throws: ``MountError/noControl(_:)``.
    public func abort() throws(MountError) {
        try write("1", to: "abort")
    }

    /// Aborts the connection of the file system mounted on a path, even when everything that touches the path hangs.
    ///
    /// Where the control files cannot be used, as in a tree without /sys, the mount is taken away by force (umount2
    /// with `MNT_FORCE`), which aborts the connection first. That needs `CAP_SYS_ADMIN`.
    ///
    /// - Throws: ``MountError`` where nothing or nothing of FUSE is mounted there, or where neither way is there and
    ///   permitted.
    public static func abort(mountPoint: FilePath) throws(MountError) {
        let target = try MountTarget(mountPoint)
        let connection = try target.requireFUSE().connection
        do throws(MountError) {
            try FuseControl(connection: connection).abort()
        } catch {
            guard abortByForce(target.path) else { throw error }
        }
    }

    /// Aborts the connection of the mount on a path, which has no symbolic links, by a forced unmount.
    ///
    /// The kernel aborts (`fuse_umount_begin`) before it finds out whether the mount is in use.
    static func abortByForce(_ path: FilePath) -> Bool {
        let result = unsafe path.withPlatformString { unsafe umount2($0, Int32(MNT_FORCE | UMOUNT_NOFOLLOW)) }
        return result == 0 || errno == EBUSY
    }

    /// Reads a file that holds a number.
    private func number(_ name: String) throws(MountError) -> Int {
        do throws(Errno) {
            let text = String(decoding: try SystemFile.bytes(of: directory.appending(name)), as: UTF8.self)
            guard let value = Int(text.trimmed) else { throw Errno.invalidArgument }
            return value
        } catch {
            throw .noControl(error)
        }
    }

    /// Writes a file.
    private func write(_ text: String, to name: String) throws(MountError) {
        do throws(Errno) {
            try SystemFile.write(text, to: directory.appending(name))
        } catch {
            throw .noControl(error)
        }
    }
}
