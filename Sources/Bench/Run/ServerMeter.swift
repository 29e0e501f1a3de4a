internal import Glibc

/// What a process and those below it have spent so far, by procfs. Work that the kernel does for its callers is theirs, and not in here.
struct ServerMeter: Sendable, Equatable {
    /// CPU of each thread in nanoseconds.
    private var threads: [Int32: UInt64] = [:]
    /// CPU of the processes with all threads they have ever had, in ticks of the clock.
    private var ticks: UInt64 = 0
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
        guard let status = ProcFile.read("/proc/\(process)/stat"), let end = status.lastIndex(of: ")") else {
            return false
        }
        // After the name, which may hold anything: the state is the third field of all, user and system time are the
        // 14th and 15th.
        let fields = status[status.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return false }
        ticks += user + system
        if let peak = Self.peak(of: ProcFile.read("/proc/\(process)/status") ?? "") {
            peakBytes = (peakBytes ?? 0) + peak
        }
        for thread in ProcFile.numbers(in: "/proc/\(process)/task") {
            let directory = "/proc/\(process)/task/\(thread)"
            if let word = ProcFile.read(directory + "/schedstat")?.split(separator: " ").first {
                threads[thread] = UInt64(word)
            }
            switches += Self.switches(of: ProcFile.read(directory + "/status") ?? "")
        }
        return true
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
            cpuMicroseconds: seconds(since: before) * 1e6 / operations,
            contextSwitches: Double(switches - min(switches, before.switches)) / operations,
            systemCalls: systemCalls.map { $0 / operations },
            peakBytes: peakBytes
        )
    }

    /// CPU time. Threads count to the nanosecond, and take with them what they have counted when they end; then, and
    /// where the kernel does not count so, the clock of the process has to do.
    private func seconds(since before: ServerMeter) -> Double {
        let isComplete = !threads.isEmpty && before.threads.keys.allSatisfy { threads[$0] != nil }
        guard isComplete else {
            return Double(ticks - min(ticks, before.ticks)) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        }
        return threads.reduce(0.0) { $0 + Double($1.value - min($1.value, before.threads[$1.key] ?? 0)) / 1e9 }
    }
}
