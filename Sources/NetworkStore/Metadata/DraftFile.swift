internal import CRingFUSE
internal import Glibc
internal import Synchronization
public import SystemPackage

/// A file that is made under another name, and gets its own once all of it is on the disk: under that there is all of it or nothing,
/// also after a crash of the machine.
///
/// A draft that is not published goes with this object; those of a process that a signal ends, with ``removeAll()``.
public final class DraftFile: Sendable {
    /// Where it is made.
    public let path: String
    /// What it is to be.
    private let target: String

    /// Drafts that there are, and what they are to be.
    private static let drafts = Mutex<[String: String]>([:])
    /// What a database makes beside it.
    private static let suffixes = ["", "-wal", "-shm"]

    /// A draft, which its user makes.
    public init(of target: String) {
        let path = "\(target).\(getpid())-\(UInt32.random(in: 0 ... .max)).new"
        (self.path, self.target) = (path, target)
        Self.drafts.withLock { $0[path] = target }
    }

    deinit {
        Self.drafts.withLock { drafts in
            if drafts.removeValue(forKey: path) != nil { Self.remove(path) }
        }
    }

    /// Gives it its name. Replaces nothing.
    ///
    /// - Throws: `EEXIST`; what syncing, renaming and linking fail with. Where it is the sync of the directory that fails, it has its
    ///   name, but perhaps not after a crash.
    public func publish() throws(Errno) {
        try Self.synchronize(path)
        try Self.drafts.withLock { drafts throws(Errno) in
            try Self.rename(path, to: target)
            drafts[path] = nil
            Self.remove(path)
        }
        try Self.synchronize(Self.directory(of: target))
    }

    /// Removes the drafts of this process, which is about to end.
    ///
    /// - Returns: what they were to be.
    public static func removeAll() -> [String] {
        drafts.withLock { drafts in
            for path in drafts.keys { remove(path) }
            defer { drafts = [:] }
            return drafts.values.sorted()
        }
    }

    private static func remove(_ path: String) {
        for suffix in suffixes { unsafe _ = unlink(path + suffix) }
    }

    /// Renames, unless there is something already.
    private static func rename(_ path: String, to target: String) throws(Errno) {
        let result = unsafe rfuse_rename(AT_FDCWD, path, AT_FDCWD, target, noReplace)
        guard result < 0 else { return }
        // Not every file system can (NFS); there it gets a second name, and loses the first.
        guard result == -Int(EINVAL) else { throw Errno(rawValue: CInt(-result)) }
        guard unsafe link(path, target) == 0 else { throw Errno(rawValue: errno) }
    }

    /// `RENAME_NOREPLACE`, which Glibc's module does not have.
    private static let noReplace: CUnsignedInt = 1

    /// The directory that a file is in.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Has what is written of a file, or of names in a directory, on the disk.
    static func synchronize(_ path: String) throws(Errno) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Errno(rawValue: errno) }
    }
}
