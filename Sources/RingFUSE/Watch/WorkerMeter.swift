import CRingFUSE
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What one worker does, for others to look at while it works.
///
/// Made on the worker's thread.
final class WorkerMeter: Sendable {
    /// The words that the worker writes.
    let cells: MeterCells
    /// The worker's thread, by the kernel's number.
    let thread: Int32
    /// The CPU that it was moved to since it started; -1 for none.
    private let seat = Atomic(-1)

    /// Entries of its own queues; what is behind them in ``cells`` is room for guests (``Loan``).
    let ownCount: Int

    /// A meter of the calling thread's worker.
    init(entryCount: Int, ownCount: Int) {
        self.ownCount = ownCount
        cells = MeterCells(entryCount: entryCount)
        thread = rfuse_thread_id()
        // It is at work until its loop first looks for something to do.
        cells.set(.phase, to: 1)
    }

    deinit { cells.free() }

    /// The CPU time that the worker's thread has used; zero where it has ended.
    var cpuTime: Duration {
        var time = timespec()
        // The kernel's number for the clock of a thread (clock_getcpuclockid(3), posix-timers.h `make_thread_cpuclock`).
        let clock = ~thread << 3 | 6
        guard unsafe clock_gettime(clock, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The worker was pinned to another CPU.
    func moved(to cpu: Int) { seat.store(cpu, ordering: .relaxed) }

    /// The CPU that it was moved to since it started, if it was.
    var movedTo: Int? {
        let cpu = seat.load(ordering: .relaxed)
        return cpu < 0 ? nil : cpu
    }

    /// Entries that hold a request.
    var busyCount: Int { (0..<cells.entryCount).count { cells.unique(in: $0) != 0 } }

    /// Whether the worker is at work, and in which turn.
    var phase: Phase { Phase(rawValue: cells.value(of: .phase)) }

    /// A moment in a worker's life.
    struct Phase: Equatable, Sendable {
        let rawValue: UInt64

        /// Whether it is between two system calls of its loop: deciding, answering, running the code of a backend.
        var isWorking: Bool { rawValue & 1 == 1 }
    }
}
