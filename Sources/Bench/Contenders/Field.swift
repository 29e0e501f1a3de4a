/// A kind of file system; only contenders that serve the same kind can be held against each other.
public enum Field: String, Sendable, CaseIterable, Codable {
    /// Files that swallow writes and read zeros: what transports cost.
    case null
    /// A tree in memory: what operations on names cost.
    case memory
    /// A directory, passed through.
    case mirror
    /// A volume of a network store, which keeps what mounts before have written.
    case store

    /// Bytes of each file that is read or written by so many jobs. Those of a null file system take no memory; those of a
    /// volume fit together into the cache that its mount has by default.
    func fileBytes(jobs: Int) -> Int {
        switch self {
        case .null: 1 << 30
        case .memory, .mirror: 256 << 20
        case .store: (192 << 20) / jobs / 4096 * 4096
        }
    }
}
