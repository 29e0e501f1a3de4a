import CRingFUSE
package import SystemPackage

/// A thread with one ring (or one clone of /dev/fuse) that serves one or more queues.
///
/// The loop: hand over replies and collect requests in one system call, try each at once, leave the others to their
/// entries' tasks, run the jobs that are ready, again. It is written once; transports differ in their channel.
///
/// Thread: everything but `mailbox` belongs to the thread that calls ``run()``.
@safe
package final class Worker<Channel: RequestChannel & ~Copyable>: @unchecked Sendable {
    /// The worker's number, for logs.
    let index: Int
    let mailbox: Mailbox
    let executor: WorkerExecutor
    let handler: RequestHandler
    let io: IOEngine
    // Behind pointers: stored properties of a class would be checked for exclusive access each time. In cache lines of
    // their own: what is beside this object on the heap is not this worker's.
    let channel: UnsafeMutablePointer<Channel>
    let entries: UnsafeMutableBufferPointer<EntryState>
    let arrivals: UnsafeMutablePointer<ArrivalBatch>
    let state: UnsafeMutablePointer<WorkerState>
    /// What others may know of this worker.
    let meter: WorkerMeter
    /// The words of `meter`, without a reference to count.
    let cells: MeterCells

    /// A worker on the calling thread's behalf.
    ///
    /// - Parameters:
    ///   - channel: opened on this thread, not started.
    ///   - io: the engine that shares the channel's ring, or another.
    package init(index: Int, channel: consuming Channel, handler: RequestHandler, io: IOEngine, mailbox: Mailbox) {
        self.index = index
        self.mailbox = mailbox
        self.handler = handler
        self.io = io
        executor = WorkerExecutor(mailbox: mailbox)
        let entryCount = channel.entryCount
        let ownCount = channel.ownCount
        unsafe self.channel = CacheLines.allocate(count: 1)
        unsafe self.channel.initialize(to: channel)
        unsafe entries = CacheLines.allocateBuffer(count: entryCount)
        for entry in 0..<entryCount { unsafe entries.initializeElement(at: entry, to: EntryState()) }
        unsafe arrivals = CacheLines.allocate(count: 1)
        unsafe arrivals.initialize(to: ArrivalBatch(capacity: entryCount))
        unsafe state = CacheLines.allocate(count: 1)
        unsafe state.initialize(to: WorkerState())
        meter = WorkerMeter(entryCount: entryCount, ownCount: ownCount)
        cells = meter.cells
    }

    deinit {
        unsafe entries.deinitialize()
        unsafe CacheLines.free(entries.baseAddress)
        unsafe arrivals.deinitialize(count: 1)
        unsafe CacheLines.free(arrivals)
        unsafe state.deinitialize(count: 1)
        unsafe CacheLines.free(state)
        unsafe channel.deinitialize(count: 1)
        unsafe CacheLines.free(channel)
    }

    /// Takes requests until the connection ends and all of them are answered.
    package func run() {
        // Whoever looks at it afterwards must not take it for one that is at work for ever.
        defer { cells.add(.phase) }
        while !isDone {
            turn()
            if unsafe channel.pointee.isHopeless { return abandonTasks() }
        }
        retireTasks()
    }

    /// Binds the worker to the calling thread and starts its channel.
    ///
    /// - Throws: what the kernel said to the first entry it refused.
    package func start() throws(Errno) {
        executor.attach()
        try unsafe channel.pointee.start()
    }

    /// Lets `body` change the channel, on the worker's thread and between turns.
    package func withChannel<Failure: Error>(
        _ body: (inout Channel) throws(Failure) -> Void
    ) throws(Failure) {
        try unsafe body(&channel.pointee)
    }

    /// Whether the connection has ended and no request is being served.
    package var isDone: Bool { unsafe channel.pointee.isFinished && state.pointee.serving == 0 && !executor.hasJobs }

    /// Whether it was told to stop, or the connection has ended.
    var isStopping: Bool { unsafe state.pointee.isStopping }

    /// Whether operations are under way of which nothing will ever be heard again.
    var isHopeless: Bool { unsafe channel.pointee.isHopeless }

    /// One turn of the loop.
    ///
    /// Inlined into ``run()``, as ``RequestChannel/collect(mayWait:isIdle:into:)`` is: processors predict where functions
    /// return to, and the kernel has spoilt that by the time its system call ends. Each function that is left between
    /// there and the loop costs a request 25 ns.
    ///
    /// - Parameter mayWait: whether to sleep where there is nothing to do; tests step by hand without.
    @inline(__always)
    package func turn(mayWait: Bool = true) {
        let isIdle = unsafe state.pointee.serving == 0
        cells.add(.phase)
        let woken = unsafe channel.pointee.collect(
            mayWait: mayWait && !executor.hasJobs, isIdle: isIdle, into: &arrivals.pointee)
        cells.set(.systemCalls, to: unsafe channel.pointee.systemCalls)
        cells.set(.guests, to: unsafe channel.pointee.guestRequests)
        cells.add(.phase)
        let isQuiet = unsafe arrivals.pointee.count == 0
        unsafe channel.pointee.lend(from: &arrivals.pointee)
        for position in unsafe 0..<arrivals.pointee.count { unsafe arrived(arrivals.pointee[position]) }
        unsafe arrivals.pointee.removeAll()
        if woken { readMail(isQuiet: isQuiet) }
        if unsafe !state.pointee.earlyInterrupts.isEmpty && !channel.pointee.mayHoldMore {
            unsafe state.pointee.earlyInterrupts.removeAll()
        }
        if unsafe channel.pointee.isDisconnected && !state.pointee.isStopping {
            stop()
            handler.report(.disconnected)
        }
        executor.runJobs()
    }

    /// Answers a new request at once, or hands it to its entry's task.
    @inline(__always)
    private func arrived(_ entry: Int) {
        let frame = unsafe channel.pointee.frame(of: entry)
        cells.begin(entry, frame)
        let answer = handler.attempt(frame, io)
        if answer.kind == .deferred { deferred(entry, frame.unique) } else { settle(entry, frame, answer) }
    }

    /// Hands a request to its entry's task.
    private func deferred(_ entry: Int, _ unique: UInt64) {
        unsafe entries[entry].unique = unique
        unsafe state.pointee.serving += 1
        cells.add(.deferred)
        resumeTask(of: entry)
        // It came after the first sign of the end: nobody waits for it either.
        if unsafe state.pointee.isStopping { unsafe entries[entry].task?.cancel() }
        if unsafe !state.pointee.earlyInterrupts.isEmpty && state.pointee.earlyInterrupts.contains(unique) {
            unsafe entries[entry].task?.cancel()
        }
    }

    /// Gives an entry back with what its task has answered.
    func finish(_ entry: Int, _ answer: Answer) {
        // The channel has no lock: whatever executors a backend's code has visited, its task must be back here.
        precondition(executor.isCurrent, "a request's task has left its worker")
        precondition(answer.kind != .deferred, "a task has no one to defer to")
        unsafe entries[entry].unique = 0
        unsafe state.pointee.serving -= 1
        settle(entry, unsafe channel.pointee.frame(of: entry), answer)
    }

    /// Gives an entry back with its answer, and counts it.
    @inline(__always)
    private func settle(_ entry: Int, _ frame: RequestFrame, _ answer: Answer) {
        cells.end(entry)
        guard answer.kind == .reply else {
            unsafe channel.pointee.release(entry)
            return
        }
        let opcode = frame.opcode
        if answer.error != 0 {
            cells.add(.errors)
        } else if opcode == FUSE_READ.rawValue {
            cells.add(.bytesRead, UInt64(answer.length))
        } else if opcode == FUSE_WRITE.rawValue {
            cells.add(.bytesWritten, UInt64(frame.acknowledged))
        }
        unsafe channel.pointee.commit(entry, unique: frame.unique, error: answer.error, length: answer.length)
    }

    /// - Parameter isQuiet: whether no request came in this turn.
    private func readMail(isQuiet: Bool) {
        for message in mailbox.takeAll() {
            switch message {
            case .job(let job): executor.enqueueMailed(job)
            case .interrupt(let unique):
                if !interrupt(unique) { unsafe channel.pointee.forward(interrupt: unique) }
            case .forwardedInterrupt(let unique): _ = interrupt(unique)
            case .cancelOperation(let slot, let generation): io.cancel(slot: slot, generation: generation)
            // Replies of this turn's requests are on their way; one that is at work again need not be asked.
            case .giveBack: if isQuiet { unsafe channel.pointee.giveBack(unless: { unsafe entries[$0].unique != 0 }) }
            case .lend(let entries): for entry in entries { unsafe arrived(channel.pointee.takeIn(entry)) }
            case .handBack(let entry): if unsafe channel.pointee.takeBack(entry) { arrived(entry) }
            case .stop: stop()
            }
        }
    }

    /// Cancels the requests that are being served: their callers are gone.
    private func stop() {
        unsafe state.pointee.isStopping = true
        for entry in unsafe entries.indices where unsafe entries[entry].unique != 0 {
            unsafe entries[entry].task?.cancel()
        }
    }

    /// Cancels the task of a request whose caller was interrupted.
    ///
    /// The kernel sends INTERRUPT only after it has handed the request out (`FR_SENT`), and a worker reads its mail
    /// after its requests. So a number that no entry serves belongs to a request that was answered in the meantime; or
    /// to one that is still to be reaped, where more has arrived than one turn takes: then it is kept until all has
    /// been.
    ///
    /// - Returns: whether the request is served here.
    private func interrupt(_ unique: UInt64) -> Bool {
        // No request has the number 0, which stands for an entry that serves none.
        guard unique != 0 else { return true }
        var isServed = false
        for entry in unsafe entries.indices where unsafe entries[entry].unique == unique {
            unsafe entries[entry].task?.cancel()
            isServed = true
        }
        // A bound for what comes from outside; there are no more requests to be reaped than entries.
        if unsafe !isServed && channel.pointee.mayHoldMore && state.pointee.earlyInterrupts.count < entries.count {
            unsafe state.pointee.earlyInterrupts.append(unique)
        }
        return isServed
    }
}

/// What a worker's loop keeps.
struct WorkerState {
    /// Requests whose tasks have not answered.
    var serving = 0
    /// Whether the connection has ended, or is to.
    var isStopping = false
    /// Whether tasks are to end instead of waiting for another request.
    var isRetiring = false
    /// Tasks that exist.
    var tasks = 0
    /// INTERRUPTs of requests that no entry served yet; see ``Worker/interrupt(_:)``.
    var earlyInterrupts: [UInt64] = []
}

/// What a worker keeps of an entry.
@unsafe
struct EntryState {
    /// The request that the entry's task serves; 0 while it serves none.
    var unique: UInt64 = 0
    /// The task of the entry, made at the first request that is deferred.
    var task: Task<Void, Never>?
    /// The task's continuation while it waits for a request.
    var parked: UnsafeContinuation<Void, Never>?
}
