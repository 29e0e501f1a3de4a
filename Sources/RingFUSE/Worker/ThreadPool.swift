internal import CRingFUSE
internal import Glibc
internal import Synchronization
package import SystemPackage

/// A few threads that carry out system calls which may block, for tasks that must not.
///
/// The threads are started when the first work comes, run until ``shutDown()`` and take work in the order in
/// which it came. They block all signals and run on any CPU of the process.
package final class ThreadPool: Sendable {
    /// What the threads share. They keep it alive, and not the pool, whose end is to end them.
    private let queue = WorkQueue()
    private let threadCount: Int
    private let threads = Mutex(Threads())

    /// A pool that has started no thread yet.
    ///
    /// - Parameter threads: how many there are to be at the most.
    package init(threads: Int = 4) {
        precondition(threads > 0, "a pool without threads would never do anything")
        threadCount = threads
    }

    deinit { shutDown() }

    /// Carries work out on one of the threads; the task suspends meanwhile.
    ///
    /// Where the task is cancelled, work that has not begun is dropped. What has begun is waited for, because
    /// it uses memory that the task has lent.
    ///
    /// - Parameters:
    ///   - cancellable: whether work may be dropped at all.
    ///   - work: returns its result, or a negated errno.
    /// - Returns: the result, not negative.
    /// - Throws: the errno; `ECANCELED` where the work was dropped or the pool has been shut down; `EAGAIN` where
    ///   no thread could be started.
    package func run(
        cancellable: Bool = true,
        _ work: @escaping @Sendable () -> Int
    ) async throws(Errno) -> Int {
        try start()
        let job = WorkQueue.Job(work)
        let result = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Int, Never>) in
                unsafe queue.add(job, resuming: continuation)
            }
        } onCancel: {
            if cancellable { queue.cancel(job) }
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        return result
    }

    /// Carries out what waits, ends the threads and waits for their end. Work that comes later is refused.
    ///
    /// Not to be called on one of the threads.
    package func shutDown() {
        let ended = threads.withLock { threads in
            defer { threads.identifiers = [] }
            threads.isShutDown = true
            return threads.identifiers
        }
        queue.close(threads: ended.count)
        for thread in ended { pthread_join(thread, nil) }
    }

    /// Starts the threads unless they run.
    private func start() throws(Errno) {
        try threads.withLock { threads throws(Errno) in
            guard !threads.isShutDown else { throw .canceled }
            while threads.identifiers.count < threadCount {
                var identifier = pthread_t()
                let argument = unsafe Unmanaged.passRetained(queue)
                let result = unsafe rfuse_start_thread(
                    &identifier,
                    { unsafe runWorkQueue($0) },
                    argument.toOpaque(),
                    "ringfuse-io"
                )
                guard result == 0 else {
                    unsafe argument.release()
                    // Fewer threads than wanted will do.
                    if !threads.identifiers.isEmpty { return }
                    throw Errno(rawValue: CInt(-result))
                }
                threads.identifiers.append(identifier)
            }
        }
    }

    /// The threads that run, and whether any may still be started.
    private struct Threads {
        var identifiers: [pthread_t] = []
        var isShutDown = false
    }
}

/// The body of a thread of the pool.
///
/// A named function, because a closure might be isolated to an actor.
private func runWorkQueue(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // `start` has passed a retained queue.
    let queue = unsafe Unmanaged<WorkQueue>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue()
    queue.run()
    return nil
}
