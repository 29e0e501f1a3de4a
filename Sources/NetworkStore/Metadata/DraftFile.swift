internal import CRingFUSE
internal import Glibc
internal import Synchronization
public import SystemPackage

/// A file that is made in a directory of its own beside its place, and gets its name once all of it is on the disk: under that there is all of
/// it or nothing, also after a crash of the machine.
///
/// A draft that is not published goes with this object; those of a process that a signal ends, with ``removeAll()``: whatever other threads
/// are doing to it then, where there is no directory they can leave nothing in it.
public final class DraftFile: Sendable {
    /// Where it is made.
    public let path: String
    /// The directory that it is made in.
    private let directory: String
    /// What it is to be.
    private let target: String

    /// Directories of drafts that there are, and what these are to be.
    private static let drafts = Mutex<[String: String]>([:])
    /// How often a directory is emptied: threads that are at work make a file or two meanwhile.
    private static let patience = 100

    /// A draft, which its user makes.
    ///
    /// - Throws: what making the directory fails with.
    public init(of target: String) throws(Errno) {
        let directory = "\(target).\(getpid())-\(UInt32.random(in: 0 ... .max)).new"
        guard unsafe mkdir(directory, 0o700) == 0 else { throw Errno(rawValue: errno) }
        (self.directory, self.target, path) = (directory, target, "\(directory)/draft")
        Self.drafts.withLock { $0[directory] = target }
    }

    deinit {
        Self.drafts.withLock { drafts in
            if drafts.removeValue(forKey: directory) != nil { Self.remove(directory) }
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
            drafts[directory] = nil
            Self.remove(directory)
        }
        try Self.synchronize(Self.directory(of: target))
    }

    /// Removes the drafts of this process, which is about to end.
    ///
    /// - Returns: what they were to be.
    public static func removeAll() -> [String] {
        drafts.withLock { drafts in
            for directory in drafts.keys { remove(directory) }
            defer { drafts = [:] }
            return drafts.values.sorted()
        }
    }

    /// Removes a directory with the files in it: the draft, and what a database makes beside it.
    private static func remove(_ directory: String) {
        for _ in 0..<patience {
            for suffix in ["", "-wal", "-shm", "-journal"] { unsafe _ = unlink("\(directory)/draft\(suffix)") }
            guard unsafe rmdir(directory) != 0, errno == ENOTEMPTY else { return }
        }
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
