public import SystemPackage

/// Why a volume could not be made or opened. Each is told in one line, which says what to do where something can be done.
public enum VolumeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is nothing at the path.
    case missing(path: String)
    /// There is something already where a volume was to be made.
    case exists(path: String)
    /// It is a file, but no database.
    case noDatabase(path: String)
    /// It is a database, but of another program.
    case foreign(path: String)
    /// A later version of this program has written it.
    case newer(path: String, version: Int64, known: Int64)
    /// An earlier version of this program has written it, and it is only to be read.
    case older(path: String, version: Int64, known: Int64)
    /// Somebody has it open for writing. `mayForce`: only the owner's word is missing, because its machine cannot be asked.
    case inUse(path: String, by: String, mayForce: Bool)
    /// It may not be written.
    case readOnly(path: String)
    /// What is in it does not fit together.
    case damaged(path: String, String)
    /// A dump is not what it should be.
    case unloadable(String)
    /// The system refuses.
    case system(path: String, Errno)
    /// The database refuses, with what it says.
    case database(path: String, String)

    /// One line.
    public var description: String {
        switch self {
        case .missing(let path): "there is no volume at \(path); `ringfuse store format` makes one"
        case .exists(let path): "\(path) exists already; a new volume needs a path where there is nothing"
        case .noDatabase(let path): "\(path) is not a database of SQLite, so not the metadata of a volume"
        case .foreign(let path): "\(path) is a database of another program, not the metadata of a volume"
        case .newer(let path, let version, let known):
            "\(path) has schema \(version), and this program knows up to \(known); use the version that wrote it, or later"
        case .older(let path, let version, let known):
            "\(path) has schema \(version), older than \(known); mount it once, which brings it up to date"
        case .inUse(let path, let holder, let mayForce):
            "\(path) is in use by \(holder)"
                + (mayForce ? "; if that will never write again, take the volume over with --force" : "")
        case .readOnly(let path): "\(path) cannot be written: it, its directory or its file system is read-only"
        case .damaged(let path, let what): "\(path) is damaged: \(what); restore it from a backup"
        case .unloadable(let what): "the dump cannot be loaded: \(what)"
        case .system(let path, let error): "\(path): \(error)"
        case .database(let path, let text): "\(path): \(text)"
        }
    }
}
