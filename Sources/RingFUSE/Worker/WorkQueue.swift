internal import Glibc
internal import Synchronization

/// The work that waits for the threads of a ``ThreadPool``, first in, first out.
///
/// Any thread may call anything.
@safe
final class WorkQueue: @unchecked Sendable {
    /// A piece of work. All but `work` belongs to who holds the queue's lock.
    @safe
    final class Job: @unchecked Sendable {
        /// Returns a result or a negated errno.
        fileprivate let work: @Sendable () -> Int
        fileprivate var state = State.new
        fileprivate var continuation: UnsafeContinuation<Int, Never>?
        fileprivate var next: Job?

        /// Work that is not yet in a queue.
        init(_ work: @escaping @Sendable () -> Int) {
            self.work = work
            unsafe continuation = nil
        }

        /// Where a piece of work is on its way.
        fileprivate enum State {
            /// Not in the queue yet.
            case new
            /// In the queue.
            case waiting
            /// Taken by a thread; it is too late to cancel.
            case taken
            /// Not to be carried out. It may still be in the queue, whose threads pass over it.
            case cancelled
        }
    }

    /// A linked list: a cancelled job needs no search, and adding one no memory.
    private struct List {
        var first: Job?
        var last: Job?
        var isClosed = false
    }

    private let list = Mutex(List())
    /// Counts the jobs in the list, and the threads that are to end.
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// An empty queue.
    init() {
        unsafe semaphore = .allocate(capacity: 1)
        let result = unsafe sem_init(semaphore, 0, 0)
        precondition(result == 0, "sem_init fails for no reason but a count that is too large")
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Adds a job; the continuation is resumed once, with the job's result or `-ECANCELED`.
    func add(_ job: Job, resuming continuation: UnsafeContinuation<Int, Never>) {
        let isAdded = list.withLock { list in
            guard job.state == .new, !list.isClosed else { return false }
            job.state = .waiting
            unsafe job.continuation = unsafe continuation
            if let last = list.last { last.next = job } else { list.first = job }
            list.last = job
            return true
        }
        guard isAdded else { return unsafe continuation.resume(returning: Int(-ECANCELED)) }
        unsafe sem_post(semaphore)
    }

    /// Drops a job unless a thread has taken it. It may come before the job is added.
    func cancel(_ job: Job) {
        let isWaiting = list.withLock { _ in
            guard job.state == .new || job.state == .waiting else { return false }
            defer { job.state = .cancelled }
            return job.state == .waiting
        }
        // The job's state gives the continuation to whoever changed it from `waiting`.
        if isWaiting { unsafe job.continuation?.resume(returning: Int(-ECANCELED)) }
    }

    /// Refuses jobs from now on, and lets threads end when the list is empty.
    func close(threads: Int) {
        list.withLock { $0.isClosed = true }
        for _ in 0..<threads { unsafe sem_post(semaphore) }
    }

    /// Carries jobs out until the queue is closed and empty.
    func run() {
        while true {
            while unsafe sem_wait(semaphore) != 0 {}
            // Each job has a post of its own, so finding none means that a post of `close` was taken.
            guard let job = takeFirst() else { return }
            guard job.isTaken else { continue }
            let result = job.job.work()
            unsafe job.job.continuation?.resume(returning: result)
        }
    }

    /// Takes the first job off the list, with whether it is to be carried out; `nil` where there is none.
    private func takeFirst() -> (job: Job, isTaken: Bool)? {
        list.withLock { list in
            guard let job = list.first else { return nil }
            list.first = job.next
            if list.first == nil { list.last = nil }
            job.next = nil
            guard job.state == .waiting else { return (job, false) }
            job.state = .taken
            return (job, true)
        }
    }
}
