internal import Glibc

/// What a process and those below it have spent so far, by its clock and procfs. Work that the kernel does for its callers is theirs, and not in here.
struct ServerMeter: Sendable, Equatable {
    /// CPU of the processes, with that of threads that have ended.
    private var time = Duration.zero
    /// Context switches of the threads that there are.
    private var switches: UInt64 = 0
    /// The most bytes of memory that were resident, of each process.
    private var peakBytes: Double?

    /// Reads it; nil where there is no such process.
    init?(_ process: pid_t) {
        guard add(process) else { return nil }
        for child in ProcFile.family(of: process).dropFirst() { _ = add(child) }
    }

    /// Adds what one process has spent.
    ///
    /// - Returns: whether there is such a process.
    private mutating func add(_ process: pid_t) -> Bool {
        guard let spent = Self.time(of: process) else { return false }
        time += spent
        if let peak = Self.peak(of: ProcFile.read("/proc/\(process)/status") ?? "") {
            peakBytes = (peakBytes ?? 0) + peak
        }
        for thread in ProcFile.numbers(in: "/proc/\(process)/task") {
            switches += Self.switches(of: ProcFile.read("/proc/\(process)/task/\(thread)/status") ?? "")
        }
        return true
    }

    /// CPU of a process by its own clock, which counts nanoseconds where `stat` counts ticks of 10 ms; nil where there is no
    /// such process.
    private static func time(of process: pid_t) -> Duration? {
        var clock = clockid_t()
        var now = timespec()
        guard process > 0, unsafe clock_getcpuclockid(process, &clock) == 0, unsafe clock_gettime(clock, &now) == 0
        else { return nil }
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }

    /// Both kinds of context switches, from a thread's `status`.
    static func switches(of status: String) -> UInt64 {
        status.split(separator: "\n").reduce(0) { sum, line in
            guard line.contains("voluntary_ctxt_switches:") else { return sum }
            return sum + (line.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0) } ?? 0)
        }
    }

    /// The high-water mark of resident memory in bytes, from a process's `status`.
    static func peak(of status: String) -> Double? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map { $0 * 1024 }
    }

    /// What was spent for each of so many operations since an earlier reading.
    func cost(since before: ServerMeter, operations: Double, systemCalls: Double?) -> Sample.ServerCost {
        Sample.ServerCost(
            cpuMicroseconds: max(.zero, time - before.time) / .microseconds(1) / operations,
            contextSwitches: Double(switches - min(switches, before.switches)) / operations,
            systemCalls: systemCalls.map { $0 / operations },
            peakBytes: peakBytes
        )
    }
}
