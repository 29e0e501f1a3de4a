import RingFUSE
import SystemPackage

/// What a user reads once a mount answers: what was chosen, and how to end it.
struct ReadyReport: CustomStringConvertible {
    /// What is served, such as `memory`.
    let fileSystem: String
    /// Where it is mounted.
    let mountPoint: FilePath
    /// What the session chose.
    let status: SessionStatus
    /// Whether the server runs in the background.
    let daemon: Bool
    /// What the user calls this tool: its path where it was not found by its name.
    var program = Self.invocation

    private static var invocation: String {
        guard let path = CommandLine.arguments.first, path.contains("/") else { return "ringfuse" }
        return path
    }

    /// The transport, in one line.
    var transport: String {
        let version = "FUSE 7.\(status.connection.protocolMinor)"
        if status.usesRing { return "ring (\(version))" }
        return status.fallbackReason.map { "/dev/fuse (\(version)), not the ring: \($0)" } ?? "/dev/fuse (\(version))"
    }

    /// The workers, where they are pinned, and what they serve.
    var workers: String {
        let workers = status.placement.workers
        let count = workers.count == 1 ? "1" : "\(workers.count)"
        let pinned = workers.compactMap(\.cpu)
        let place = pinned.isEmpty ? "not pinned" : "on CPU\(pinned.count == 1 ? "" : "s") \(CPUSet(pinned))"
        guard status.usesRing else { return "\(count), \(place)" }
        let queues = workers.reduce(0) { $0 + $1.queues.count }
        return "\(count), \(place), serving \(queues) \(queues == 1 ? "queue" : "queues")"
    }

    /// The lines.
    var lines: [String] {
        let size = ByteSize(bytes: max(status.bufferBytes, 1)).rounded
        let largest = ByteSize(bytes: max(status.connection.maxWrite, 1)).rounded
        var lines = [
            "mounted:   \(fileSystem) on \(mountPoint)",
            "transport: \(transport)",
            "workers:   \(workers)",
            "requests:  \(status.depth) per queue, up to \(largest) each; buffers of \(size)",
        ]
        lines += status.notices.map { "note:      \($0)" }
        let signal = daemon ? "" : ", or Ctrl-C here"
        lines.append("unmount:   \(program) unmount \(mountPoint)\(signal)")
        return lines
    }

    /// All lines.
    var description: String { lines.joined(separator: "\n") }
}
