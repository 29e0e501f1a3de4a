import CRingFUSE

/// Runs the jobs of a worker's tasks on the worker's own thread.
///
/// A task executor rather than an actor's serial executor: continuations of an actor's jobs go through the global
/// pool first, which costs microseconds. Jobs enqueued by the worker itself are appended to a queue without lock or
/// allocation; those of other threads go through the mailbox.
@safe
final class WorkerExecutor: TaskExecutor, @unchecked Sendable {
    // Thread: `jobs` and `current` belong to the worker's thread alone; `mailbox` is for all.
    private let jobs: UnsafeMutablePointer<JobQueue>
    private let mailbox: Mailbox

    /// An executor for the thread that will call ``attach()``.
    init(mailbox: Mailbox) {
        self.mailbox = mailbox
        unsafe jobs = CacheLines.allocate(count: 1)
        unsafe jobs.initialize(to: JobQueue(capacity: 256))
    }

    deinit {
        unsafe jobs.deinitialize(count: 1)
        unsafe CacheLines.free(jobs)
    }

    /// Makes the calling thread the worker's.
    func attach() { unsafe rfuse_set_current_worker(identity) }

    /// Ends that.
    func detach() { rfuse_set_current_worker(nil) }

    /// Whether the caller is on the worker's thread.
    var isCurrent: Bool { unsafe rfuse_current_worker() == identity }

    private var identity: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(jobs) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            unsafe jobs.pointee.append(job)
        } else {
            mailbox.post(.job(job))
        }
    }

    /// Adds a job that came through the mailbox. On the worker's thread.
    func enqueueMailed(_ job: UnownedJob) { unsafe jobs.pointee.append(job) }

    /// Whether jobs wait. On the worker's thread.
    var hasJobs: Bool { unsafe jobs.pointee.count > 0 }

    /// Runs the jobs that wait now, not those that they enqueue: a job that yields for ever must not starve requests.
    func runJobs() {
        var rest = unsafe jobs.pointee.count
        guard rest > 0 else { return }
        let executor = unsafe asUnownedTaskExecutor()
        while rest > 0, let job = unsafe jobs.pointee.popFirst() {
            unsafe job.runSynchronously(on: executor)
            rest -= 1
        }
    }
}
