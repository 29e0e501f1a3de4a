public import RingFUSE
internal import Synchronization
public import SystemPackage

/// The locks that programs hold on the files of a file system, for backends that keep locks themselves
/// (``FileSystemFeatures/posixLocks``, ``FileSystemFeatures/fileLocks``).
///
/// It knows the locks of `fcntl(2)`, of processes and of open files (OFD), and those of `flock(2)`; the two families do
/// not see each other. Whoever waits is served in the order of arrival, and gives up when its request is interrupted.
///
/// A request that waits occupies an entry of its queue. If waiting requests had all of them, the one that unlocks could
/// not arrive; that is why their number is limited.
public final class LockTable: Sendable {
    /// What can end the wait for a lock.
    private typealias Waiting = CheckedContinuation<Result<Void, Errno>, Never>

    /// The locks of a file; the two families do not see each other.
    private struct FileLocks {
        var ranges = RangeLocks()
        var whole = RangeLocks()

        var isEmpty: Bool { ranges.isEmpty && whole.isEmpty }
        var count: Int { ranges.count + whole.count }

        subscript(isWholeFile: Bool) -> RangeLocks {
            get { isWholeFile ? whole : ranges }
            set { if isWholeFile { whole = newValue } else { ranges = newValue } }
        }
    }

    /// A request that waits.
    private struct Waiter {
        let ticket: UInt64
        let node: NodeID
        let isWholeFile: Bool
        let lock: RangeLocks.Lock
        let continuation: Waiting
    }

    private struct State {
        var files: [NodeID: FileLocks] = [:]
        var count = 0
        /// In the order of arrival.
        var waiters: [Waiter] = []
        var waiterLimit: Int
    }

    /// Locks at the most; more are refused with `ENOLCK`.
    private let lockLimit: Int
    private let nextTicket = Atomic<UInt64>(0)
    private let state: Mutex<State>

    /// A table without locks.
    ///
    /// - Parameters:
    ///   - waiterLimit: requests that may wait at a time; more are refused with `ENOLCK`. Less than the requests that
    ///     each queue holds (``Connection/queueDepth``).
    ///   - lockLimit: locks at the most.
    public init(waiterLimit: Int = 16, lockLimit: Int = 1 << 18) {
        self.lockLimit = lockLimit
        state = Mutex(State(waiterLimit: waiterLimit))
    }

    /// Changes how many requests may wait at a time.
    public func limitWaiters(to limit: Int) {
        state.withLock { $0.waiterLimit = limit }
    }

    /// The number of locks held, and of requests that wait.
    public var counts: (locks: Int, waiters: Int) { state.withLock { ($0.count, $0.waiters.count) } }

    // MARK: Requests

    /// Tells a lock that stands in the way of another: ``LockOperations/conflict(with:on:_:)``.
    ///
    /// - Throws: `EINVAL` for a range that ends before it starts, or beyond the largest file.
    public func conflict(with lock: FileLock, on file: OpenFile) throws(Errno) -> FileLock? {
        let wanted = try Self.checked(lock, file)
        let found = state.withLock { $0.files[file.node]?[lock.isWholeFile].conflict(with: wanted) }
        return found.map {
            FileLock(
                kind: $0.kind, start: $0.start, end: $0.end, processID: $0.processID, isWholeFile: lock.isWholeFile)
        }
    }

    /// Sets or releases a lock: ``LockOperations/setLock(_:on:waits:_:)``.
    ///
    /// - Parameter waits: whether to suspend until the lock can be had.
    /// - Throws: `EAGAIN` where another lock stands in the way and `waits` is false; `EDEADLK` where those who hold it
    ///   wait for the caller; `EINTR` where the task is cancelled meanwhile; `ENOLCK` for too many locks or too many
    ///   that wait; `EINVAL` for a range that ends before it starts, or beyond the largest file.
    public func set(_ lock: FileLock, on file: OpenFile, waits: Bool) async throws(Errno) {
        let wanted = try Self.checked(lock, file)
        guard waits, lock.kind != .unlock else {
            let (result, ready) = state.withLock { state in
                let result = attempt(wanted, lock.isWholeFile, on: file.node, &state)
                return (result, Self.served(on: file.node, &state))
            }
            Self.resume(ready)
            guard let result else { throw .resourceTemporarilyUnavailable }
            try result.get()
            return
        }
        let ticket = nextTicket.add(1, ordering: .relaxed).newValue
        let result: Result<Void, Errno> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(for: wanted, lock.isWholeFile, on: file.node, ticket, continuation)
            }
        } onCancel: {
            giveUp(ticket)
        }
        try result.get()
    }

    /// A descriptor of the file was closed (``FileSystem/flush(_:_:)``): its process loses its locks on the file.
    public func closed(_ file: OpenFile) {
        guard let owner = file.lockOwner else { return }
        drop(on: file.node) { locks, isWholeFile in !isWholeFile && locks.owner == owner }
    }

    /// The open file is gone (``FileSystem/release(_:_:)``), and its own locks with it: those of `flock`, and of
    /// `fcntl` with `F_OFD_SETLK`, which the kernel does not release by itself (6.18).
    ///
    /// A backend that keeps locks gives each open file a handle of its own. Whatever else was asked for through it has
    /// been dropped by ``closed(_:)`` before: a process that had locks through this file has closed its descriptor.
    public func released(_ file: OpenFile) {
        drop(on: file.node) { locks, _ in locks.handle == file.handle }
    }

    // MARK: Under the lock

    /// Gives a lock, where nothing stands in its way.
    ///
    /// - Returns: `nil` where something does.
    private func attempt(
        _ lock: RangeLocks.Lock,
        _ isWholeFile: Bool,
        on node: NodeID,
        _ state: inout State
    ) -> Result<Void, Errno>? {
        var locks = state.files[node] ?? FileLocks()
        let before = locks.count
        // `flock` gives up what it has before it takes another kind, as flock(2) says.
        if isWholeFile { _ = locks.whole.remove { $0.owner == lock.owner && $0.kind != lock.kind } }
        let isFree = locks[isWholeFile].conflict(with: lock) == nil
        if isFree {
            // One that splits another makes two more.
            guard lock.kind == .unlock || state.count + 2 <= lockLimit else { return .failure(.noLocks) }
            locks[isWholeFile].set(lock)
        }
        state.count += locks.count - before
        state.files[node] = locks.isEmpty ? nil : locks
        return isFree ? .success(()) : nil
    }

    /// Gives a lock, or enters its request among those that wait.
    private func wait(
        for lock: RangeLocks.Lock,
        _ isWholeFile: Bool,
        on node: NodeID,
        _ ticket: UInt64,
        _ continuation: Waiting
    ) {
        let ready = state.withLock { state in
            let result = outcome(of: lock, isWholeFile, on: node, &state)
            if result == nil {
                state.waiters.append(
                    Waiter(
                        ticket: ticket, node: node, isWholeFile: isWholeFile, lock: lock, continuation: continuation))
            }
            // What was given up for it may be what others wait for.
            var ready = Self.served(on: node, &state)
            if let result { ready.append((continuation, result)) }
            return ready
        }
        Self.resume(ready)
    }

    /// Whether a request that may wait need not.
    ///
    /// - Returns: `nil` where it has to wait.
    private func outcome(
        of lock: RangeLocks.Lock,
        _ isWholeFile: Bool,
        on node: NodeID,
        _ state: inout State
    ) -> Result<Void, Errno>? {
        if let result = attempt(lock, isWholeFile, on: node, &state) { return result }
        // A cancellation that comes from now on finds the request among those that wait.
        if Task.isCancelled { return .failure(.interrupted) }
        if !isWholeFile, Self.wouldDeadlock(lock, on: node, state) { return .failure(.deadlock) }
        guard state.waiters.count < state.waiterLimit else { return .failure(.noLocks) }
        return nil
    }

    /// Whether those who hold what a request needs wait, by whatever detours, for its owner.
    private static func wouldDeadlock(_ lock: RangeLocks.Lock, on node: NodeID, _ state: State) -> Bool {
        var seen: Set<UInt64> = []
        var holders = state.files[node]?.ranges.owners(excluding: lock) ?? []
        while let holder = holders.popLast() {
            if holder == lock.owner { return true }
            guard seen.insert(holder).inserted else { continue }
            for waiter in state.waiters where waiter.lock.owner == holder && !waiter.isWholeFile {
                holders += state.files[waiter.node]?.ranges.owners(excluding: waiter.lock) ?? []
            }
        }
        return false
    }

    /// Gives locks to those who wait for them and can have them.
    ///
    /// - Returns: what to resume, outside of the lock.
    private static func served(on node: NodeID, _ state: inout State) -> [(Waiting, Result<Void, Errno>)] {
        var ready: [(Waiting, Result<Void, Errno>)] = []
        // From the first again after each: a lock that becomes a shared one makes room for others.
        while let index = state.waiters.firstIndex(where: { waiter in
            waiter.node == node && state.files[node]?[waiter.isWholeFile].conflict(with: waiter.lock) == nil
        }) {
            let waiter = state.waiters.remove(at: index)
            var locks = state.files[node] ?? FileLocks()
            let before = locks.count
            locks[waiter.isWholeFile].set(waiter.lock)
            state.count += locks.count - before
            state.files[node] = locks
            ready.append((waiter.continuation, .success(())))
        }
        return ready
    }

    /// Takes locks away, and gives others what they wait for.
    private func drop(on node: NodeID, where isGone: (RangeLocks.Lock, Bool) -> Bool) {
        let ready = state.withLock { state -> [(Waiting, Result<Void, Errno>)] in
            guard var locks = state.files[node] else { return [] }
            let before = locks.count
            let ranges = locks.ranges.remove { isGone($0, false) }
            let whole = locks.whole.remove { isGone($0, true) }
            guard ranges || whole else { return [] }
            state.count += locks.count - before
            state.files[node] = locks.isEmpty ? nil : locks
            return Self.served(on: node, &state)
        }
        Self.resume(ready)
    }

    /// Ends the wait of a request that was cancelled.
    private func giveUp(_ ticket: UInt64) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.ticket == ticket }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: .failure(.interrupted))
    }

    private static func resume(_ ready: [(Waiting, Result<Void, Errno>)]) {
        for (continuation, result) in ready { continuation.resume(returning: result) }
    }

    /// A lock as the table keeps it.
    ///
    /// - Throws: `EINVAL` for a range that ends before it starts, or beyond the largest file.
    private static func checked(_ lock: FileLock, _ file: OpenFile) throws(Errno) -> RangeLocks.Lock {
        guard lock.start <= lock.end, lock.end <= UInt64(Int64.max) else { throw .invalidArgument }
        return RangeLocks.Lock(
            kind: lock.kind,
            start: lock.isWholeFile ? 0 : lock.start,
            end: lock.isWholeFile ? UInt64(Int64.max) : lock.end,
            owner: file.lockOwner ?? 0,
            processID: lock.processID,
            handle: file.handle
        )
    }
}
