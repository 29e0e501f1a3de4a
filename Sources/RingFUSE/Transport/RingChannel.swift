import CRingFUSE
package import Ring

#if canImport(Glibc)
    import Glibc
#endif

/// A worker's half of the ring transport: registers entries, and hands each back with
/// `FUSE_IO_URING_CMD_COMMIT_AND_FETCH`, which commits the reply and fetches the entry's next request in one.
///
/// Kernel: fs/fuse/dev_uring.c (6.14). Requests are copied into the entry by task work of the thread that submitted
/// the entry, that is inside this worker's own `io_uring_enter`.
@safe
package struct RingChannel<Queue: SubmissionQueue>: RequestChannel, ~Copyable {
    /// One entry: its queue, its memory, and whether the kernel knows it.
    @unsafe
    struct Slot {
        var queue: UInt16
        var header: UnsafeMutableRawPointer
        var payload: UnsafeMutableRawBufferPointer
        var scratch: UnsafeMutableRawBufferPointer
        var dirty: DirtyExtent
        var isLost = false
        var isRegistered = false
        /// Whether another worker serves it.
        var isLent = false

        /// An entry of a queue, unknown to the kernel.
        init(_ arena: QueueArena, _ place: Int) {
            unsafe queue = arena.queue
            unsafe header = arena.buffers.header(of: place)
            unsafe payload = UnsafeMutableRawBufferPointer(
                start: arena.buffers.payload(of: place), count: arena.buffers.payloadCapacity)
            unsafe scratch = arena.buffers.scratch(of: place)
            unsafe dirty = arena.buffers.dirty(of: place)
        }
    }

    let ring: Queue
    private let io: RingIO<Queue>
    let arenas: [QueueArena]
    /// The entries of the worker's own queues, and behind them room for guests.
    let slots: UnsafeMutableBufferPointer<Slot>
    /// Entries of its own queues.
    package let ownCount: Int
    /// What it may lend.
    let lending: LoanSide?
    /// Whether that is wanted.
    let wish: SharedByte<LoanTerms>?
    /// What may be lent to it.
    let hosting: LoanSide?
    /// Whose requests come to which worker.
    private let trail: CallerTrail
    private let steps: CallerSteps
    private var hold = CallerHold()
    /// Entries that another worker has.
    var lentCount = 0
    /// Entries of another worker, each in its room.
    var guests: [LentEntry?]
    /// How many there are.
    var guestCount = 0
    package internal(set) var guestRequests: UInt64 = 0
    let completions: UnsafeMutableBufferPointer<Completion>
    let iovecs: UnsafeMutableBufferPointer<iovec>
    private let wakeValue: UnsafeMutablePointer<UInt64>
    private var poll: PollWindow
    private let report: @Sendable (WorkerEvent) -> Void
    private let worker: Int
    private var lost = 0
    private(set) var isBroken = false
    /// Whether the last wake-up found all replies handed over.
    private var wasAllSubmitted = false
    /// Turns since then in which operations of backends were waited for.
    private var vainTurns = 0
    /// What was reaped while entries were registered: requests, and whether the mailbox has something.
    var early: [Int] = []
    var wasWokenEarly = false

    /// Fixed files of the ring: the connection, and the mailbox's eventfd.
    package static var connectionFile: UInt32 { 0 }
    private static var wakeFile: UInt32 { 1 }

    /// A channel over a ring whose fixed files are the connection and the mailbox's eventfd, in this order.
    ///
    /// - Parameters:
    ///   - io: the engine whose completions arrive on the same ring.
    ///   - arenas: the queues to serve, with their memory.
    ///   - poll: how long to look for requests before sleeping.
    ///   - lending: entries that it may lend.
    ///   - hosting: entries that it may be lent.
    ///   - trail: of the callers of all workers.
    package init(
        worker: Int,
        ring: Queue,
        io: RingIO<Queue>,
        arenas: [QueueArena],
        poll: Duration = .zero,
        lending: LoanSide? = nil,
        hosting: LoanSide? = nil,
        trail: CallerTrail = CallerTrail(),
        report: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) {
        self.worker = worker
        self.ring = ring
        self.io = io
        self.arenas = arenas
        self.report = report
        self.poll = PollWindow(poll)
        self.lending = lending
        wish = lending?.loan.wish
        self.hosting = hosting
        self.trail = trail
        steps = trail.steps
        ownCount = arenas.reduce(0) { $0 + $1.depth }
        guests = Array(repeating: nil, count: hosting?.loan.limit ?? 0)
        unsafe slots = CacheLines.allocateBuffer(count: ownCount + guests.count)
        unsafe iovecs = CacheLines.allocateBuffer(count: 2 * ownCount)
        unsafe completions = CacheLines.allocateBuffer(count: 64)
        unsafe wakeValue = CacheLines.allocate(count: 1)
        unsafe completions.initialize(repeating: Completion())
        unsafe wakeValue.initialize(to: 0)
        var index = 0
        for arena in arenas {
            for place in 0..<arena.depth {
                unsafe slots.initializeElement(at: index, to: Slot(arena, place))
                index += 1
            }
        }
    }

    deinit {
        unsafe CacheLines.free(slots.baseAddress)
        unsafe CacheLines.free(iovecs.baseAddress)
        unsafe CacheLines.free(completions.baseAddress)
        unsafe CacheLines.free(wakeValue)
    }

    package var entryCount: Int { unsafe slots.count }

    package var isFinished: Bool { lost + lentCount == ownCount + guestCount }

    package private(set) var isDisconnected = false

    package private(set) var mayHoldMore = false

    package var isHopeless: Bool { vainTurns > Self.vainTurnLimit }

    package private(set) var systemCalls: UInt64 = 0

    /// Whether entries that are not served hold nothing.
    var mayGiveBack: Bool { wasAllSubmitted && !mayHoldMore && !isBroken }

    // MARK: Turns

    @inline(__always)
    package mutating func collect(mayWait: Bool, isIdle: Bool, into arrivals: inout ArrivalBatch) -> Bool {
        if !early.isEmpty || wasWokenEarly { return takeEarly(into: &arrivals) }
        if isBroken { return waitWithoutRing(mayWait: mayWait) }
        let result = mayWait ? wait() : poke()
        if result < 0 && !Self.isPassing(result) { fail(result) }
        let isWoken = reap(into: &arrivals)
        if steps.isFollowed { follow(arrivals, isIdle: isIdle) }
        return isWoken
    }

    /// Looks whether a caller has moved here, and holds it where that keeps it here (``CallerHold``).
    @inline(never)
    private mutating func follow(_ arrivals: borrowing ArrivalBatch, isIdle: Bool) {
        guard arrivals.count == 1, let entry = arrivals.last, entry < ownCount else { return }
        let hasMoved = steps.note(caller: frame(of: entry).caller, worker: worker)
        // Nobody else must wait for it.
        if isIdle && hold.arrived(hasMoved: hasMoved) { usleep(CallerHold.microseconds) }
    }

    /// What is being served is still to be answered, and no ring tells of mail: look into the box now and then.
    ///
    /// What has been completed is in the queue, which is memory; more may come where it was the system call only that
    /// failed. What does not come within some time never will.
    private mutating func waitWithoutRing(mayWait: Bool) -> Bool {
        if mayWait { usleep(Self.brokenPause) }
        let count = unsafe ring.reap(into: completions)
        for position in 0..<count {
            let completion = unsafe completions[position]
            guard CompletionTag.tag(of: completion.user_data) == .operation else { continue }
            io.complete(completion.user_data, result: completion.result)
        }
        vainTurns = io.isActive && count == 0 && mayWait ? vainTurns + 1 : 0
        return true
    }

    /// Microseconds between two looks into the mailbox of a worker whose ring is broken.
    private static var brokenPause: UInt32 { 1000 }
    /// Looks without a result after which operations are given up: two seconds and more.
    private static var vainTurnLimit: Int { 2000 }

    /// Sleeps until there is something, after having polled for a while where the user wants that.
    @inline(__always)
    private mutating func wait() -> Int32 {
        if poll.isDue(), let result = spin() { return result }
        systemCalls += 1
        return ring.submitAndWait(for: 1)
    }

    /// Polls for a while.
    ///
    /// - Returns: what the system calls of it said; `nil` where there was nothing in that time.
    @inline(never)
    private mutating func spin() -> Int32? {
        if ring.hasQueued {
            let result = poke()
            if result < 0 { return result }
        }
        let ring = ring
        return poll.spin(until: { ring.hasEvents }) ? poke() : nil
    }

    /// Submits and looks, without sleeping.
    private mutating func poke() -> Int32 {
        systemCalls += 1
        return ring.submitAndPoll()
    }

    @inline(__always)
    private mutating func reap(into arrivals: inout ArrivalBatch) -> Bool {
        var woken = false
        // Not more than one buffer of completions a turn: what is left is there at the next, which does not sleep then.
        let count = unsafe ring.reap(into: completions)
        mayHoldMore = unsafe count == completions.count
        for position in 0..<count {
            let completion = unsafe completions[position]
            switch CompletionTag.tag(of: completion.user_data) {
            case .request:
                arrive(Int(CompletionTag.value(of: completion.user_data)), completion.result, into: &arrivals)
            case .operation:
                io.complete(completion.user_data, result: completion.result)
            case .wake:
                woken = true
                wasAllSubmitted = !ring.hasQueued
                armWake()
            case .ignored:
                break
            case nil:
                // Zeros are what a worker finds that wakes in the moment when its ring is taken away (``RingLifeline``).
                precondition(completion.user_data == 0, "a completion that was never submitted")
            }
        }
        return woken
    }

    @inline(__always)
    private mutating func arrive(_ entry: Int, _ result: Int32, into arrivals: inout ArrivalBatch) {
        precondition(isHere(entry), "not an entry")
        if result < 0 { return endEntry(entry, errno: -result) }
        noteData(of: entry)
        if entry >= ownCount && hasGoneBack(entry) { return }
        arrivals.append(entry)
    }

    /// An entry has come back without a request.
    private mutating func endEntry(_ entry: Int, errno: Int32) {
        // ENOTCONN: the connection ended; ECANCELED: the thread or the ring ends; ECONNABORTED: it was aborted.
        lose(entry)
        if [ENOTCONN, ECANCELED, ECONNABORTED].contains(errno) {
            isDisconnected = true
        } else {
            reportLoss(of: entry, errno: errno)
        }
    }

    /// The kernel has written names and data of a request to its entry's payload.
    private func noteData(of entry: Int) {
        let head = unsafe slots[entry].header.assumingMemoryBound(to: fuse_uring_req_header.self)
        let size = unsafe Int(head.pointee.ring_ent_in_out.payload_sz)
        unsafe slots[entry].dirty.grow(to: min(size, slots[entry].payload.count))
    }

    private mutating func takeEarly(into arrivals: inout ArrivalBatch) -> Bool {
        for entry in early { arrivals.append(entry) }
        early.removeAll()
        defer { wasWokenEarly = false }
        return wasWokenEarly
    }

    mutating func lose(_ entry: Int) {
        if unsafe !slots[entry].isLost && !slots[entry].isLent {
            unsafe slots[entry].isLost = true
            lost += 1
        }
    }

    /// The connection goes on, with an entry less; a queue without any would hang its callers.
    private func reportLoss(of entry: Int, errno: Int32) {
        let queue = unsafe slots[entry].queue
        report(.entryLost(worker: worker, queue: Int(queue), errno: errno))
        var hasOthers = false
        for other in 0..<entryCount where isHere(other) {
            if unsafe slots[other].queue == queue && !slots[other].isLost { hasOthers = true }
        }
        if !hasOthers { report(.queueLost(worker: worker, queue: Int(queue))) }
    }

    /// The ring itself is broken: nothing can be served, nothing can be waited for.
    private mutating func fail(_ result: Int32) {
        // Requests that are still being served find it broken again and again.
        if isBroken { return }
        isBroken = true
        report(.transportFailed(worker: worker, errno: -result))
        isDisconnected = true
        for entry in 0..<entryCount where isHere(entry) { lose(entry) }
    }

    /// Whether there is an entry of this number: its own, or a guest.
    private func isHere(_ entry: Int) -> Bool { entry < ownCount || isGuest(entry) }

    private func isGuest(_ entry: Int) -> Bool { entry < entryCount && guests[entry - ownCount] != nil }

    // MARK: Requests

    @inline(__always)
    package func frame(of entry: Int) -> RequestFrame {
        let header = unsafe slots[entry].header
        let payload = unsafe slots[entry].payload
        let head = unsafe header.assumingMemoryBound(to: fuse_uring_req_header.self)
        let size = unsafe min(Int(head.pointee.ring_ent_in_out.payload_sz), payload.count)
        return unsafe RequestFrame(
            header: UnsafeRawPointer(header),
            argument: UnsafeRawBufferPointer(start: header + Self.argumentOffset, count: Self.argumentSize),
            payload: UnsafeRawBufferPointer(rebasing: payload[..<size]),
            reply: payload,
            scratch: slots[entry].scratch,
            dirty: slots[entry].dirty)
    }

    @inline(__always)
    package mutating func commit(_ entry: Int, unique: UInt64, error: Int32, length: Int) {
        let head = unsafe slots[entry].header.assumingMemoryBound(to: fuse_uring_req_header.self)
        // The kernel reads `unique` and `error` of this header; the length is `payload_sz`.
        unsafe slots[entry].header.storeBytes(
            of: fuse_out_header(len: UInt32(16 + length), error: -error, unique: unique), as: fuse_out_header.self)
        unsafe head.pointee.ring_ent_in_out.payload_sz = UInt32(length)
        let result = unsafe queueCommand(
            FUSE_IO_URING_CMD_COMMIT_AND_FETCH.rawValue, entry: entry, address: 0, length: 0,
            commitID: head.pointee.ring_ent_in_out.commit_id)
        if result < 0 { fail(result) }
    }

    package mutating func release(_ entry: Int) {
        // FORGET and INTERRUPT never come on the ring; an entry can only go back with a reply.
        commit(entry, unique: frame(of: entry).unique, error: 0, length: 0)
    }

    @inline(__always)
    func queueCommand(
        _ operation: UInt32,
        entry: Int,
        address: UInt,
        length: UInt32,
        commitID: UInt64 = 0
    ) -> Int32 {
        var command = fuse_uring_cmd_req()
        command.commit_id = commitID
        unsafe command.qid = slots[entry].queue
        return unsafe withUnsafeBytes(of: &command) { bytes in
            unsafe ring.queueCommand(
                file: Self.connectionFile, operation: operation, address: address, length: length,
                command: UnsafeRawBufferPointer(rebasing: bytes[..<Self.commandSize]),
                userData: CompletionTag.request.userData(UInt64(entry)))
        }
    }

    func armWake() {
        // A failure here shows at the next submission, too.
        _ = unsafe ring.queueFixedRead(
            file: Self.wakeFile, address: UInt(bitPattern: wakeValue), length: 8,
            userData: CompletionTag.wake.userData())
    }

    /// Whether an error of `io_uring_enter` goes away by itself: a signal, memory pressure, a full completion queue.
    static func isPassing(_ result: Int32) -> Bool {
        [EINTR, EAGAIN, EBUSY].contains(-result)
    }

    /// `op_in` of `fuse_uring_req_header`.
    private static var argumentOffset: Int { 128 }
    private static var argumentSize: Int { 128 }
    /// `fuse_uring_cmd_req` before 7.46 added a union that this transport does not use.
    private static var commandSize: Int { 24 }
}
