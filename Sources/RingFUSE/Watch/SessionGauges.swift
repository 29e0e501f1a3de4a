import FUSEProtocol
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Where the statistics of a session that serves come from.
struct SessionGauges: Sendable {
    let roster: Roster
    let watchdog: Watchdog
    let status: SessionStatus
    let mounted: MountPoint
    let backend: (any ReportingFileSystem)?
    let start = ContinuousClock.now

    /// How things are.
    func read() -> SessionStatistics {
        let members = roster.members
        let findings = watchdog.findings
        return SessionStatistics(
            processID: getpid(),
            mountPoint: mounted.path.string,
            connection: mounted.connection,
            transport: status.usesRing ? "ring" : "device",
            protocolMinor: status.connection.protocolMinor,
            uptime: (ContinuousClock.now - start).inSeconds,
            depth: status.depth,
            bufferBytes: status.bufferBytes,
            workers: members.map(SessionStatistics.Worker.init),
            requests: Self.requests(of: members.map(\.meter.cells)),
            notifications: status.connection.notifier.count,
            backend: backend?.report,
            stuckRequests: findings.requests,
            stuckWorkers: findings.workers)
    }

    private static func requests(of cells: [MeterCells]) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for number in 0..<MeterCells.opcodeCount {
            let count = cells.reduce(0) { $0 + $1.requests(of: number) }
            guard count > 0 else { continue }
            result[Opcode(rawValue: UInt32(number)).map { "\($0.name)" } ?? "\(number)"] = count
        }
        return result
    }
}

extension SessionStatistics.Worker {
    /// Reads a worker's meter.
    init(_ member: Roster.Member) {
        let cells = member.meter.cells
        self.init(
            name: member.name, thread: member.meter.thread, cpu: member.meter.movedTo ?? member.cpu,
            queues: member.queues.map { Int($0) },
            entries: member.meter.ownCount, busy: member.meter.busyCount,
            requests: (0..<MeterCells.opcodeCount).reduce(0) { $0 + cells.requests(of: $1) },
            deferred: cells.value(of: .deferred), tasks: cells.value(of: .tasks), errors: cells.value(of: .errors),
            bytesRead: cells.value(of: .bytesRead), bytesWritten: cells.value(of: .bytesWritten),
            turns: cells.value(of: .phase) / 2, systemCalls: cells.value(of: .systemCalls))
    }
}
