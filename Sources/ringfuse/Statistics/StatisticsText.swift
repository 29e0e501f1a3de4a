import RingFUSE

/// Statistics as people read them.
struct StatisticsText: CustomStringConvertible {
    private let now: SessionStatistics
    private let before: SessionStatistics?

    /// The text of a moment.
    ///
    /// - Parameter before: an earlier moment of the same session, to tell rates since then.
    init(_ now: SessionStatistics, since before: SessionStatistics? = nil) {
        self.now = now
        self.before = before
    }

    /// All lines.
    var description: String {
        var lines = [head]
        if let rates { lines.append(rates) }
        lines += now.workers.map(Self.line)
        let opcodes = now.requests.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let counts = opcodes.map { "\($0) \($1)" }.joined(separator: ", ")
        lines.append("  requests: \(counts.isEmpty ? "none" : counts)")
        lines.append("  notifications: \(now.notifications)")
        if let backend = now.backend {
            let counts = backend.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
            lines.append("  backend: \(counts)")
        }
        lines += now.stuckWorkers.map { "  stuck for \(Int($0.age)) s: \($0)" }
        lines += now.stuckRequests.map { "  stuck for \(Int($0.age)) s: \($0)" }
        return lines.map(\.printable).joined(separator: "\n")
    }

    private var head: String {
        let buffers = ByteSize(bytes: max(now.bufferBytes, 1)).rounded
        return "\(now.mountPoint): \(now.transport), FUSE 7.\(now.protocolMinor), server \(now.processID), "
            + "up \(Int(now.uptime)) s, \(now.depth) requests per queue, buffers of \(buffers)"
    }

    private var rates: String? {
        guard let before, now.uptime > before.uptime else { return nil }
        let seconds = now.uptime - before.uptime
        func rate(_ path: (SessionStatistics.Worker) -> UInt64) -> Int {
            let difference = Double(now.workers.map(path).reduce(0, +)) - Double(before.workers.map(path).reduce(0, +))
            // Servers of other users may tell any time.
            return Int(max(-1e18, min(1e18, difference / seconds)).rounded())
        }
        return "  per second: \(rate(\.requests)) requests, \(Self.size(UInt64(max(0, rate(\.bytesRead))))) read, "
            + "\(Self.size(UInt64(max(0, rate(\.bytesWritten))))) written, \(rate(\.systemCalls)) system calls"
    }

    private static func line(_ worker: SessionStatistics.Worker) -> String {
        let cpu = worker.cpu.map { "CPU \($0)" } ?? "not pinned"
        let queues = worker.queues.isEmpty ? "device" : "queues \(CPUSet(worker.queues))"
        return "  \(worker.name): \(cpu), \(queues), \(worker.busy) of \(worker.entries) busy, "
            + "\(worker.requests) requests (\(worker.deferred) deferred, \(worker.errors) failed), "
            + "\(size(worker.bytesRead)) read, \(size(worker.bytesWritten)) written, "
            + "\(worker.systemCalls) system calls, \(worker.tasks) tasks"
    }

    private static func size(_ bytes: UInt64) -> String { ByteSize(bytes: Int(clamping: bytes)).rounded }
}
