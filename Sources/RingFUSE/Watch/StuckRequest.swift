/// A request that has been unanswered for longer than ``SessionConfiguration/stuckAfter``.
public struct StuckRequest: Sendable, Codable, Equatable {
    /// The kernel's number of the request.
    public var unique: UInt64
    /// What it asks for, by the kernel's name: `READ`, `UNLINK`…
    public var opcode: String
    /// The number of its node.
    public var node: UInt64
    /// The process that waits for it; 0 where the kernel waits by itself, or the process is in another name space.
    public var processID: UInt32
    /// The name of that process; empty where it is not known any more.
    public var command: String
    /// The thread that serves it.
    public var worker: String
    /// The queue it came by; `nil` where it was read from /dev/fuse.
    public var queue: Int?
    /// How long it has been seen unanswered, in seconds: up to a second less than it has been.
    public var age: Double
}

extension StuckRequest: CustomStringConvertible {
    /// One line, without its age.
    public var description: String {
        let caller = processID == 0 ? "the kernel" : "process \(processID)" + (command.isEmpty ? "" : " (\(command))")
        let place = queue.map { "queue \($0), " } ?? ""
        return "request \(unique): \(opcode) of node \(node) for \(caller), \(place)\(worker)"
    }
}

/// A worker that has not come back to its loop for longer than ``SessionConfiguration/stuckAfter``, or waits in the
/// kernel for something that is not a request: what it serves stands still.
public struct StuckWorker: Sendable, Codable, Equatable {
    /// The name of its thread.
    public var worker: String
    /// The number of its thread.
    public var thread: Int32
    /// Where in the kernel it waits, by the name of the function; empty where it runs or that is not known.
    public var place: String
    /// How long it has been seen like this, in seconds.
    public var age: Double
}

extension StuckWorker: CustomStringConvertible {
    /// One line, without its age.
    public var description: String {
        "\(worker) (thread \(thread)) is \(place.isEmpty ? "busy" : "blocked in \(place)")"
    }
}
