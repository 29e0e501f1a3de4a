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
    /// Waits for sockets, which may take as long as they like.
    package let sockets = SocketPoller()

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
        sockets.shutDown()
        let ended = threads.withLock { threads in
            defer { threads.running = [] }
            threads.isShutDown = true
            return threads.running
        }
        queue.close(threads: ended.count)
        for thread in ended { thread.join() }
    }

    /// Starts the threads unless they run.
    private func start() throws(Errno) {
        try threads.withLock { threads throws(Errno) in
            guard !threads.isShutDown else { throw .canceled }
            while threads.running.count < threadCount {
                do throws(Errno) {
                    let queue = queue
                    threads.running.append(try DedicatedThread(name: "ringfuse-io") { _ in queue.run() })
                } catch {
                    // Fewer threads than wanted will do.
                    if !threads.running.isEmpty { return }
                    throw error
                }
            }
        }
    }

    /// The threads that run, and whether any may still be started.
    private struct Threads {
        var running: [DedicatedThread] = []
        var isShutDown = false
    }
}
