internal import FileSystems
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The locks of programs on one mount of a volume that several have: the engine keeps them, and here is who waits.
///
/// A request that waits asks again when its mount is told that what it waits for may be free (by another mount, or by a request of its
/// own), and once a second, in case nobody told. It occupies an entry of its queue meanwhile; if such requests had all of them,
/// the one that unlocks could not arrive. That is why their number is limited.
final class SharedLocks: Sendable {
    /// What was to be released and could not be, since the server was away: nobody else will.
    private struct Debt: Hashable {
        let selection: LockSelection
        let node: NodeID
    }

    private struct State {
        var claims = LockClaims()
        /// Requests that wait to be woken.
        var sleepers: [Int64: (node: NodeID, waiter: Waiter<Void>)] = [:]
        /// Rises with each waking: whoever was about to sleep asks again.
        var wakings: UInt64 = 0
        var seats = 0
        var seatLimit = 16
        var debts: Set<Debt> = []
    }

    /// How long a request that waits lets those go first who have waited for longer: so that a writer is not kept out by readers that
    /// follow each other without an end, and no circle of such courtesies lasts.
    private static let courtesy = Duration.seconds(1)

    private let engine: any LockEngine
    private let nextTicket = Atomic<Int64>(0)
    /// Passed by whoever pays debts.
    private let gate = Gate()
    private let state = Mutex(State())

    /// Locks that an engine keeps.
    init(_ engine: any LockEngine) { self.engine = engine }

    // MARK: Seats

    /// Bounds how many requests may wait at a time.
    func limitSeats(to limit: Int) { state.withLock { $0.seatLimit = limit } }

    /// Takes a seat for a request that is going to wait for what only another request can bring about.
    ///
    /// - Returns: false where there is none.
    func takeSeat() -> Bool {
        state.withLock { state in
            guard state.seats < state.seatLimit else { return false }
            state.seats += 1
            return true
        }
    }

    /// Gives it back.
    func leaveSeat() { state.withLock { $0.seats -= 1 } }

    // MARK: Requests

    /// Whether the owner of a request may hold locks on its file.
    func mayHold(_ file: OpenFile) -> Bool {
        state.withLock { $0.claims.mayHold(file.lockOwner ?? 0, on: file.node) }
    }

    /// Whether locks may be held that were asked for through an open file.
    func mayHoldThroughHandle(_ file: OpenFile) -> Bool {
        state.withLock { $0.claims.mayHold(file.handle, on: file.node) }
    }

    /// Tells a lock that stands in the way of another.
    ///
    /// Processes are told of those of this mount only: the number of one on another machine would mean any process here.
    /// - Throws: `EINVAL` for a range that ends before it starts, or beyond the largest file; `EIO`, `ESTALE`.
    func conflict(with lock: FileLock, on file: OpenFile) async throws(Errno) -> FileLock? {
        let request = try self.request(lock, file)
        guard lock.kind != .unlock else { return nil }
        return try await engine.conflict(with: request).map { found in
            FileLock(
                kind: found.kind, start: found.start, end: found.end,
                processID: found.session == engine.lockSession ? found.processID : 0, isWholeFile: lock.isWholeFile)
        }
    }

    /// Sets or releases a lock.
    ///
    /// - Parameter waits: whether to suspend until it can be had.
    /// - Returns: the file as it was when the lock was given; `nil` where one was released.
    /// - Throws: `EAGAIN` where another lock stands in the way and `waits` is false; `EDEADLK` where those who hold it wait for the
    ///   caller; `EINTR` where the task is cancelled meanwhile; `ENOLCK` for too many locks or too many that wait; `EINVAL` for a
    ///   range that ends before it starts, or beyond the largest file; `EIO` where the database fails: whether the lock was set is
    ///   not known then, and it goes when the file is closed; `ESTALE`.
    func set(_ lock: FileLock, on file: OpenFile, waits: Bool) async throws(Errno) -> NodeRecord? {
        var request = try self.request(lock, file)
        let (owner, node) = (request.lock.owner, request.node)
        guard lock.kind != .unlock || mayHold(file) else { return nil }
        if state.withLock({ !$0.debts.isEmpty }) { try await payDebts() }
        let mayWait = waits && lock.kind != .unlock && takeSeat()
        if mayWait { request.ticket = nextTicket.add(1, ordering: .relaxed).newValue }
        state.withLock { $0.claims.begin(owner, file.handle, on: node) }
        let outcome: LockOutcome
        do throws(Errno) {
            outcome = try await mayWait ? wait(for: request) : engine.setLock(request)
        } catch {
            finish(request, holds: true)
            throw error
        }
        finish(request, holds: outcome.holds)
        // What its lock has taken the place of may be what others wait for.
        if lock.isWholeFile || (lock.kind != .write && outcome.isDone) { wake([node]) }
        guard outcome.isDone else { throw waits ? .noLocks : .resourceTemporarilyUnavailable }
        return outcome.record
    }

    /// A request is over.
    private func finish(_ request: LockRequest, holds: Bool) {
        state.withLock { state in
            if request.ticket != nil { state.seats -= 1 }
            state.claims.end(request.lock.owner, on: request.node, holds: holds)
        }
    }

    /// A descriptor of a file was closed: its process loses its locks on the file.
    func closed(_ file: OpenFile) async {
        guard let owner = file.lockOwner, mayHold(file) else { return }
        await drop(.owner(owner), on: file.node)
    }

    /// An open file is gone, and its own locks with it: those of `flock`, and of `fcntl` with `F_OFD_SETLK`.
    func released(_ file: OpenFile) async {
        guard mayHoldThroughHandle(file) else { return }
        await drop(.handle(file.handle), on: file.node)
    }

    /// Releases locks, now or when the server can be reached again.
    private func drop(_ selection: LockSelection, on node: NodeID) async {
        var isOwed = false
        do throws(Errno) {
            try await engine.dropLocks(selection, on: node)
        } catch {
            // With the session they are gone.
            isOwed = error != .staleNFSFileHandle
        }
        state.withLock { state in
            if isOwed { state.debts.insert(Debt(selection: selection, node: node)) }
            state.claims.drop(selection, on: node)
        }
        wake([node])
    }

    /// Releases what should have been released. Before that nobody gets a lock: it could be the owner who has to lose it.
    ///
    /// - Throws: `EIO`.
    private func payDebts() async throws(Errno) {
        try await gate.pass { () async throws(Errno) in
            for debt in self.state.withLock({ $0.debts }) {
                do throws(Errno) {
                    try await self.engine.dropLocks(debt.selection, on: debt.node)
                } catch {
                    guard error == .staleNFSFileHandle else { throw error }
                }
                _ = self.state.withLock { $0.debts.remove(debt) }
            }
        }
    }

    // MARK: Waiting

    /// Sets a lock as soon as it can be had.
    private func wait(for request: LockRequest) async throws(Errno) -> LockOutcome {
        guard let ticket = request.ticket else { return try await engine.setLock(request) }
        var request = request
        let start = ContinuousClock.now
        do throws(Errno) {
            while true {
                let wakings = state.withLock { $0.wakings }
                request.yields = ContinuousClock.now - start < Self.courtesy
                let outcome = try await engine.setLock(request)
                if outcome.isDone { return outcome }
                guard await sleep(ticket, on: request.node, since: wakings) else { throw .interrupted }
            }
        } catch {
            // Where this fails, the note is left to the end of the session; it stands in nobody's way for long.
            try? await engine.endWait(ticket, on: request.node)
            throw error
        }
    }

    /// Waits until it is worth asking again.
    ///
    /// - Parameter wakings: how many there were before it was asked.
    /// - Returns: false where the task is cancelled.
    private func sleep(_ ticket: Int64, on node: NodeID, since wakings: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await Waiter<Void>.wait { waiter in
                let isOver = state.withLock { state in
                    // A cancellation that comes from now on finds the request among those that sleep.
                    if Task.isCancelled || state.wakings != wakings { return true }
                    state.sleepers[ticket] = (node, waiter)
                    return false
                }
                if isOver { waiter.resume(returning: ()) }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: ticket) }
            sleeper?.waiter.resume(returning: ())
        }
        return !Task.isCancelled
    }

    /// Other sessions have given something up.
    func hear(_ changes: ForeignChanges) {
        if changes.isEverything { wake { _ in true } } else { wake(changes.locks) }
    }

    /// What requests wait for on some files may be free.
    private func wake(_ nodes: [NodeID]) {
        guard !nodes.isEmpty else { return }
        wake { nodes.contains($0) }
    }

    /// Has all requests that wait look again, and releases what should have been released.
    func lookAgain() async {
        wake { _ in true }
        if state.withLock({ !$0.debts.isEmpty }) { try? await payDebts() }
    }

    private func wake(where isConcerned: (NodeID) -> Bool) {
        let woken = state.withLock { state in
            state.wakings &+= 1
            let woken = state.sleepers.filter { isConcerned($0.value.node) }
            for ticket in woken.keys { state.sleepers[ticket] = nil }
            return woken.values.map { $0.waiter }
        }
        for waiter in woken { waiter.resume(returning: ()) }
    }

    /// A request as the engine takes it.
    ///
    /// - Throws: `EINVAL` for a range that ends before it starts, or beyond the largest file.
    private func request(_ lock: FileLock, _ file: OpenFile) throws(Errno) -> LockRequest {
        guard lock.start <= lock.end, lock.end <= UInt64(Int64.max) else { throw .invalidArgument }
        let wanted = RangeLocks.Lock(
            kind: lock.kind, start: lock.isWholeFile ? 0 : lock.start,
            end: lock.isWholeFile ? UInt64(Int64.max) : lock.end, owner: file.lockOwner ?? 0,
            processID: lock.processID, handle: file.handle, session: engine.lockSession)
        return LockRequest(node: file.node, lock: wanted, isWholeFile: lock.isWholeFile)
    }
}
