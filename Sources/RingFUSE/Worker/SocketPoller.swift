import CRingFUSE
import Synchronization
package import SystemPackage

/// Waits for many sockets on one thread (epoll), for engines without a ring: a socket that waits for another machine must
/// not keep one of a pool's few threads.
///
/// The thread is started when the first socket is waited for. Any thread may call anything.
package final class SocketPoller: Sendable {
    /// What is waited for.
    package enum Direction: Sendable {
        /// Until there is something to read, or the end.
        case reading
        /// Until there is room to write, or connecting has ended.
        case writing
    }

    /// What the thread shares with the poller. It keeps that alive, and not the poller, whose end is to end it.
    private let shared = Shared()

    package init() {}

    deinit { shutDown() }

    /// Suspends the task until a socket is ready.
    ///
    /// One task at a time may wait for each direction of a socket, and the socket may not be closed meanwhile.
    ///
    /// - Throws: `ECANCELED` where the task was cancelled, or the poller shut down; `EBUSY` where another task waits;
    ///   `EMFILE`, `ENFILE`, `ENOMEM`, `EAGAIN` where the thread could not be started.
    package func wait(for socket: FileDescriptor, _ direction: Direction) async throws(Errno) {
        try shared.start()
        let waiter = Waiter(socket.rawValue, direction)
        let shared = shared
        let error = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Int32, Never>) in
                unsafe shared.add(waiter, continuation)
            }
        } onCancel: {
            shared.cancel(waiter)
        }
        if error != 0 { throw Errno(rawValue: error) }
    }

    /// Ends the waiting of all with `ECANCELED`, and the thread; not to be called on that.
    package func shutDown() { shared.shutDown() }
}

/// One task that waits. All of it belongs to who holds the lock.
@safe
private final class Waiter: @unchecked Sendable {
    let socket: Int32
    let direction: SocketPoller.Direction
    var continuation: UnsafeContinuation<Int32, Never>?
    var isCancelled = false

    init(_ socket: Int32, _ direction: SocketPoller.Direction) {
        self.socket = socket
        self.direction = direction
        unsafe continuation = nil
    }

    /// Lets the task go on with 0 or an errno; once.
    func resume(_ error: Int32) {
        let continuation = unsafe self.continuation
        unsafe self.continuation = nil
        unsafe continuation?.resume(returning: error)
    }
}

/// The state of a poller and the loop of its thread.
private final class Shared: Sendable {
    /// The tasks that wait for one socket.
    struct Pair {
        var reading: Waiter?
        var writing: Waiter?
    }

    struct State {
        var waiting: [Int32: Pair] = [:]
        var thread: DedicatedThread?
        var poller: Int32 = -1
        /// Readable when the thread is to end.
        var end: Int32 = -1
        var isShutDown = false
    }

    private let state = Mutex(State())

    deinit {
        state.withLock { state in
            if state.poller >= 0 { _ = rfuse_close(state.poller) }
            if state.end >= 0 { _ = rfuse_close(state.end) }
        }
    }

    /// Starts the thread unless it runs.
    func start() throws(Errno) {
        try state.withLock { state throws(Errno) in
            guard !state.isShutDown else { throw .canceled }
            guard state.thread == nil else { return }
            if state.poller < 0 { state.poller = try Self.checked(rfuse_poller()) }
            if state.end < 0 { state.end = try Self.checked(Int(rfuse_eventfd())) }
            let (poller, end) = (state.poller, state.end)
            _ = try Self.checked(rfuse_poller_watch(poller, end, true, false))
            state.thread = try DedicatedThread(name: "ringfuse-poll") { _ in self.run(poller, end) }
        }
    }

    /// Adds a task; it is resumed once.
    func add(_ waiter: Waiter, _ continuation: UnsafeContinuation<Int32, Never>) {
        let error = state.withLock { state -> Int32 in
            guard !state.isShutDown && !waiter.isCancelled else { return Errno.canceled.rawValue }
            var pair = state.waiting[waiter.socket] ?? Pair()
            let isFree = waiter.direction == .reading ? pair.reading == nil : pair.writing == nil
            guard isFree else { return Errno.resourceBusy.rawValue }
            if waiter.direction == .reading { pair.reading = waiter } else { pair.writing = waiter }
            let result = rfuse_poller_watch(state.poller, waiter.socket, pair.reading != nil, pair.writing != nil)
            guard result >= 0 else { return Int32(-result) }
            unsafe waiter.continuation = unsafe continuation
            state.waiting[waiter.socket] = pair
            return 0
        }
        if error != 0 { unsafe continuation.resume(returning: error) }
    }

    /// Ends the waiting of a task. It may come before the task is added.
    func cancel(_ waiter: Waiter) {
        state.withLock { state in
            waiter.isCancelled = true
            guard var pair = state.waiting[waiter.socket] else { return }
            if pair.reading === waiter { pair.reading = nil }
            if pair.writing === waiter { pair.writing = nil }
            state.waiting[waiter.socket] = pair.reading == nil && pair.writing == nil ? nil : pair
            waiter.resume(Errno.canceled.rawValue)
        }
    }

    /// Ends all.
    func shutDown() {
        let thread = state.withLock { state -> DedicatedThread? in
            state.isShutDown = true
            for pair in state.waiting.values {
                pair.reading?.resume(Errno.canceled.rawValue)
                pair.writing?.resume(Errno.canceled.rawValue)
            }
            state.waiting = [:]
            defer { state.thread = nil }
            if state.thread != nil { rfuse_signal_eventfd(state.end) }
            return state.thread
        }
        thread?.join()
    }

    /// The life of the thread.
    private func run(_ poller: Int32, _ end: Int32) {
        var ready = [rfuse_ready_socket](repeating: rfuse_ready_socket(), count: 64)
        while true {
            let count = unsafe ready.withUnsafeMutableBufferPointer {
                unsafe rfuse_poller_wait(poller, $0.baseAddress, $0.count)
            }
            // Nothing but a closed poller makes it fail.
            guard count >= 0 else { return }
            for index in 0..<Int(count) {
                if ready[index].socket == end { return }
                wake(ready[index])
            }
        }
    }

    /// Lets the tasks go on that wait for what has happened to a socket.
    private func wake(_ ready: rfuse_ready_socket) {
        state.withLock { state in
            guard var pair = state.waiting[ready.socket] else { return }
            let woken = (ready.can_read ? pair.reading : nil, ready.can_write ? pair.writing : nil)
            if ready.can_read { pair.reading = nil }
            if ready.can_write { pair.writing = nil }
            if pair.reading == nil && pair.writing == nil {
                state.waiting[ready.socket] = nil
            } else {
                // It tells once, also of what it was not asked.
                _ = rfuse_poller_watch(state.poller, ready.socket, pair.reading != nil, pair.writing != nil)
                state.waiting[ready.socket] = pair
            }
            woken.0?.resume(0)
            woken.1?.resume(0)
        }
    }

    private static func checked(_ result: Int) throws(Errno) -> Int32 {
        guard result >= 0 else { throw Errno(rawValue: Int32(-result)) }
        return Int32(result)
    }
}
