import CRingFUSE
package import Ring
package import SystemPackage

/// Asynchronous operations on the worker's ring: submitted together with the replies, completed in the same reap.
///
/// Confined to the worker's thread, but for cancellation, which other threads hand in through the mailbox.
@safe
package final class RingIO<Queue: SubmissionQueue>: IOEngine, @unchecked Sendable {
    /// An operation that is under way.
    @unsafe
    private struct Slot {
        var continuation: UnsafeContinuation<Int32, Never>?
        /// Tells apart the operations that use a slot one after another.
        var generation: UInt32 = 0
        /// The next free slot; -1 for none.
        var nextFree: Int32 = -1
    }

    @unsafe
    private struct State {
        var slots: UnsafeMutableBufferPointer<Slot>
        var firstFree: Int32
        var active = 0
    }

    private let queue: Queue
    private let mailbox: Mailbox
    private let state: UnsafeMutablePointer<State>

    /// Operations on a ring.
    ///
    /// - Parameter mailbox: the mailbox of the worker whose ring it is.
    package init(queue: Queue, mailbox: Mailbox) {
        self.queue = queue
        self.mailbox = mailbox
        unsafe state = CacheLines.allocate(count: 1)
        unsafe state.initialize(to: State(slots: CacheLines.allocateBuffer(count: 0), firstFree: -1))
        super.init()
        grow()
    }

    deinit {
        unsafe CacheLines.free(state.pointee.slots.baseAddress)
        unsafe CacheLines.free(state)
    }

    /// Whether operations are under way.
    package var isActive: Bool { unsafe state.pointee.active > 0 }

    package override func perform(_ operation: IOOperation) async throws(Errno) -> Int {
        while true {
            let result = await result(of: operation)
            if result >= 0 { return Int(result) }
            // Time is up: what a sleep is for.
            if operation.kind == .sleep && result == -Errno.timeout.rawValue { return 0 }
            // A signal to the worker interrupted it, not one to the caller: that is a cancellation.
            if result == -Errno.interrupted.rawValue && !Task.isCancelled { continue }
            throw Errno(rawValue: -result)
        }
    }

    /// Concurrent, that is where the task prefers to run: on the worker. The caller may be an actor with an executor of
    /// its own, and slots and ring are not for its threads.
    @concurrent
    private func result(of operation: IOOperation) async -> Int32 {
        let slot = take()
        let generation = unsafe state.pointee.slots[slot].generation
        // Nobody could tell whether a cancelled close has closed; it does not take long.
        if operation.kind == .close {
            return await unsafe withUnsafeContinuation { unsafe begin(operation, slot, $0) }
        }
        return await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { continuation in
                unsafe begin(operation, slot, continuation)
            }
        } onCancel: {
            mailbox.post(.cancelOperation(slot: slot, generation: generation))
        }
    }

    /// Queues an operation; resumes at once where that fails.
    private func begin(_ operation: IOOperation, _ slot: Int, _ continuation: UnsafeContinuation<Int32, Never>) {
        unsafe state.pointee.slots[slot].continuation = continuation
        let error = operation.submit(to: queue, userData: userData(slot))
        if error < 0 { complete(userData(slot), result: error) }
    }

    private func userData(_ slot: Int) -> UInt64 {
        let generation = unsafe UInt64(state.pointee.slots[slot].generation & 0xff_ffff)
        return CompletionTag.operation.userData(generation << 32 | UInt64(slot))
    }

    /// An operation's completion has been reaped.
    ///
    /// - Parameter userData: as it was submitted.
    package func complete(_ userData: UInt64, result: Int32) {
        let slot = Int(userData & 0xffff_ffff)
        precondition(unsafe slot < state.pointee.slots.count && userData == self.userData(slot), "not ours")
        guard let continuation = unsafe state.pointee.slots[slot].continuation else {
            preconditionFailure("an operation completed twice")
        }
        put(slot)
        unsafe continuation.resume(returning: result)
    }

    package override func cancel(slot: Int, generation: UInt32) {
        guard
            unsafe slot < state.pointee.slots.count, unsafe state.pointee.slots[slot].generation == generation,
            unsafe state.pointee.slots[slot].continuation != nil
        else { return }
        // Best effort: an operation that can't be cancelled is waited for.
        _ = queue.queueCancel(of: userData(slot), userData: CompletionTag.ignored.userData())
    }

    private func take() -> Int {
        if unsafe state.pointee.firstFree < 0 { grow() }
        let slot = unsafe Int(state.pointee.firstFree)
        unsafe state.pointee.firstFree = state.pointee.slots[slot].nextFree
        unsafe state.pointee.active += 1
        return slot
    }

    private func put(_ slot: Int) {
        unsafe state.pointee.slots[slot].continuation = nil
        unsafe state.pointee.slots[slot].generation &+= 1
        unsafe state.pointee.slots[slot].nextFree = state.pointee.firstFree
        unsafe state.pointee.firstFree = Int32(slot)
        unsafe state.pointee.active -= 1
    }

    /// Doubles the slots. Rare: there are as many as operations have ever been under way at once.
    private func grow() {
        let old = unsafe state.pointee.slots
        let capacity = max(64, old.count * 2)
        let slots = unsafe CacheLines.allocateBuffer(Slot.self, count: capacity)
        for index in 0..<capacity {
            unsafe slots.initializeElement(at: index, to: index < old.count ? old[index] : Slot())
        }
        for index in (old.count..<capacity).reversed() {
            unsafe slots[index].nextFree = state.pointee.firstFree
            unsafe state.pointee.firstFree = Int32(index)
        }
        unsafe CacheLines.free(old.baseAddress)
        unsafe state.pointee.slots = slots
    }
}
