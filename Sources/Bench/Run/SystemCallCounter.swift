internal import CBench
internal import Glibc
internal import SystemPackage

/// Counts the system calls of a process and those below it.
///
/// Counting makes each of them, of every process, slower; what it counts is therefore never what is timed.
struct SystemCallCounter: ~Copyable {
    /// A counter for each thread that there was; it counts for those that the thread starts, too.
    private var counters: [FileDescriptor] = []

    /// Where the number of the tracepoint is.
    private static let places = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]

    /// The tracepoint at the entry of system calls; nil where it cannot be seen.
    static var tracepoint: Int? {
        places.lazy.compactMap { ProcFile.number($0 + "/events/raw_syscalls/sys_enter/id") }.first
    }

    /// Starts to count; nil where that is not permitted.
    init?(_ process: pid_t) {
        guard let tracepoint = Self.tracepoint else { return nil }
        var opened: [FileDescriptor] = []
        for process in ProcFile.family(of: process) {
            for thread in ProcFile.numbers(in: "/proc/\(process)/task") {
                let counter = rbench_count(thread, UInt64(tracepoint))
                if counter >= 0 { opened.append(FileDescriptor(rawValue: counter)) }
            }
        }
        guard !opened.isEmpty else { return nil }
        counters = opened
    }

    /// How many there were.
    var count: UInt64 {
        counters.reduce(0) { sum, counter in
            var number: UInt64 = 0
            let size = unsafe withUnsafeMutableBytes(of: &number) { unsafe (try? counter.read(into: $0)) ?? 0 }
            return size == MemoryLayout<UInt64>.size ? sum + number : sum
        }
    }

    deinit {
        for counter in counters { try? counter.close() }
    }
}
