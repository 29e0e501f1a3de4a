/// A named set of workloads.
public enum Suite: String, Sendable, CaseIterable {
    /// A few of each, to see that all works.
    case quick
    /// Direct I/O on null file systems: what transports cost.
    case null
    /// Through the page cache, on null file systems.
    case buffered
    /// Names and small files, in memory.
    case metadata
    /// A directory passed through, against the directory itself.
    case mirror
    /// Callers that stay on a CPU, and callers that do not.
    case migration
    /// A volume of a network store.
    case store
    /// Every workload.
    case all

    /// What it is for, in one line.
    public var summary: String {
        switch self {
        case .quick: "a few of each, to see that all works"
        case .null: "direct I/O on null file systems: what transports cost"
        case .buffered: "through the page cache, on null file systems"
        case .metadata: "names and small files, in memory, with ext4 and tmpfs for scale"
        case .mirror: "a directory passed through, against the directory itself"
        case .migration: "callers that stay on a CPU, and callers that do not"
        case .store: "a volume of a network store: 'ringfuse store bench', and contenders of your own"
        case .all: "every workload"
        }
    }
}
