/// A kind of file system; only contenders that serve the same kind can be held against each other.
public enum Field: String, Sendable, CaseIterable, Codable {
    /// Files that swallow writes and read zeros: what transports cost.
    case null
    /// A tree in memory: what operations on names cost.
    case memory
    /// A directory, passed through.
    case mirror

    /// Bytes of each file that is read or written. Those of a null file system take no memory.
    var fileBytes: Int {
        switch self {
        case .null: 1 << 30
        case .memory, .mirror: 256 << 20
        }
    }
}
