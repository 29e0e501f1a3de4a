import CRingFUSE
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A thread of our own: named, pinned if wished, joined by its owner. It blocks all signals, is as nice as the process's
/// main thread, and is marked as one that writeback waits for where that is permitted (``ProcessSettings/becomeFlusher()``).
///
/// Not a Swift concurrency thread: workers sleep in system calls, which the cooperative pool must not.
@safe
package final class DedicatedThread: @unchecked Sendable {
    private var thread = pthread_t()

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: at most 15 bytes are kept.
    ///   - cpu: the CPU to run on; `nil` for any.
    ///   - body: what to run; gets the errno with which pinning failed, if it did.
    /// - Throws: `EAGAIN` where there can be no more threads.
    package init(name: String, cpu: Int? = nil, _ body: @escaping @Sendable (Errno?) -> Void) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, cpu: cpu, body: body))
        let error = unsafe rfuse_start_thread(&thread, { unsafe runThread($0) }, start.toOpaque(), name)
        if error != 0 {
            unsafe start.release()
            throw Errno(rawValue: CInt(-error))
        }
    }

    /// Waits for its end. Call it once.
    package func join() { pthread_join(thread, nil) }

    /// Runs something that may block, on a thread of its own.
    package static func run<Result: Sendable>(
        name: String,
        _ body: @escaping @Sendable () -> Result
    ) async throws(Errno) -> Result {
        typealias Outcome = Swift.Result<Result, Errno>
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
            do throws(Errno) {
                let thread = try DedicatedThread(name: name) { _ in continuation.resume(returning: .success(body())) }
                thread.detach()
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Lets it end by itself. Call it instead of ``join()``.
    package func detach() { pthread_detach(thread) }

    fileprivate final class Start: Sendable {
        let name: String
        let cpu: Int?
        let body: @Sendable (Errno?) -> Void

        init(name: String, cpu: Int?, body: @escaping @Sendable (Errno?) -> Void) {
            self.name = name
            self.cpu = cpu
            self.body = body
        }
    }
}

/// The C entry point. A named function: a closure at this place could inherit an actor's isolation and trap.
private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // `init` passed exactly this object, retained once for us.
    let start = unsafe Unmanaged<DedicatedThread.Start>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue()
    // Before the body looks at it; whoever made the thread names it, too, but maybe later.
    _ = unsafe rfuse_thread_name(start.name)
    // Each thread for itself: a program that only embeds a session need not be marked as a whole.
    _ = rfuse_become_io_flusher()
    // Its creator may be a thread of libdispatch, which sets its own nice value whatever the process's is.
    _ = rfuse_take_main_nice()
    var failure: Errno?
    if let cpu = start.cpu {
        var number = UInt32(cpu)
        let error = unsafe rfuse_set_affinity(0, &number, 1)
        if error < 0 { failure = Errno(rawValue: -error) }
    }
    start.body(failure)
    return nil
}
