import Synchronization

/// Whose the last request on the ring was, and which worker it came to, while that is wanted: by which workers see that
/// one caller sends each request from another CPU than the one before.
package final class CallerTrail: Sendable {
    /// The words of it.
    let steps: CallerSteps

    /// A trail that nobody follows.
    package init() { steps = CallerSteps() }

    deinit { steps.free() }

    /// Whether workers are to follow it; any thread may ask and change it.
    package var isFollowed: Bool {
        get { steps.isFollowed }
        set { steps.isFollowed = newValue }
    }

    /// How often a caller was seen to move.
    package var moves: UInt64 { steps.moves }
}

/// A trail's words: a trivial reference, which costs a worker that asks in each turn no counting.
///
/// What all workers read in each turn and what they write while there is something to follow lie in cache lines of their
/// own.
///
/// Invariant: used only while the trail that gave it lives.
@safe
struct CallerSteps: @unchecked Sendable {
    private struct Words: ~Copyable {
        /// The last request: its caller's thread, and the worker that it came to.
        let last = Atomic<UInt64>(0)
        let moves = Atomic<UInt64>(0)
    }

    private let flag = SharedByte(false)
    private let words: UnsafeMutablePointer<Words>

    fileprivate init() {
        unsafe words = CacheLines.allocate(count: 1)
        unsafe words.initialize(to: Words())
    }

    fileprivate func free() {
        flag.free()
        unsafe words.deinitialize(count: 1)
        unsafe CacheLines.free(words)
    }

    var isFollowed: Bool {
        get { flag.value }
        nonmutating set { flag.value = newValue }
    }

    fileprivate var moves: UInt64 { unsafe words.pointee.moves.load(ordering: .relaxed) }

    /// Notes a request.
    ///
    /// - Parameters:
    ///   - caller: the thread whose it is; 0 for the kernel's own.
    ///   - worker: the number of the worker that it has come to.
    /// - Returns: whether that caller's request before came to another worker, and nobody's has come in between.
    func note(caller: UInt32, worker: Int) -> Bool {
        let step = UInt64(caller) << 32 | UInt64(UInt32(truncatingIfNeeded: worker))
        let last = unsafe words.pointee.last.exchange(step, ordering: .relaxed)
        guard caller != 0, last >> 32 == UInt64(caller), last != step else { return false }
        unsafe words.pointee.moves.add(1, ordering: .relaxed)
        return true
    }
}
