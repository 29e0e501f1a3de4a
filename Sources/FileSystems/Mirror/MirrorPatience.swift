internal import Glibc
internal import Synchronization

/// Whether a worker may do short writes itself although nobody knows whether they wait.
///
/// On most local file systems a buffered write cannot be told to fail rather than wait. Mostly it copies to the page
/// cache and is done within microseconds, several times quicker than a thread of io_uring's is woken for it; at times
/// it waits: for a journal, for room below the limit of dirty pages, for the other half of a page. So it is tried until
/// one takes too long; then writes go to the ring for a while, where waiting holds up nobody else.
///
/// Any thread may call anything.
struct MirrorPatience: ~Copyable, Sendable {
    /// A write that takes longer has waited. More than a scheduler makes a busy thread stand aside for.
    static let limit: Int64 = 10_000_000
    /// For how long none is tried after that: a worker waits for at most one write in that time.
    static let pause: Int64 = 1_000_000_000

    private let limit: Int64
    private let pause: Int64
    /// When writes may be tried again, in nanoseconds of `CLOCK_MONOTONIC`.
    private let resumption = Atomic<Int64>(0)

    /// Patience that has not been tried yet.
    ///
    /// - Parameters:
    ///   - limit: nanoseconds that a call may take.
    ///   - pause: nanoseconds without calls after one that took longer.
    init(limit: Int64 = Self.limit, pause: Int64 = Self.pause) {
        self.limit = limit
        self.pause = pause
    }

    /// Makes a call that may wait.
    ///
    /// - Returns: its result; `nil` where it was not made.
    func attempt(_ call: () -> Int) -> Int? {
        let start = Self.now
        guard start >= resumption.load(ordering: .relaxed) else { return nil }
        let result = call()
        let end = Self.now
        if end - start > limit { resumption.store(end + pause, ordering: .relaxed) }
        return result
    }

    private static var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
