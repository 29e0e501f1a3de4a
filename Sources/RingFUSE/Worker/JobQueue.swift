/// A growing first-in-first-out ring of jobs; confined to one thread.
///
/// A plain ring instead of swift-collections' `Deque`: it is on the hot path, lives behind a pointer so that no
/// exclusivity check is made, and a job is a trivial value.
@safe
struct JobQueue: ~Copyable {
    private var storage: UnsafeMutableBufferPointer<UnownedJob>
    private var head = 0
    private(set) var count = 0

    /// An empty queue.
    ///
    /// - Parameter capacity: jobs that fit before the queue has to grow; a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two")
        unsafe storage = CacheLines.allocateBuffer(count: capacity)
    }

    deinit { unsafe CacheLines.free(storage.baseAddress) }

    /// Appends a job. O(1), but for growing.
    mutating func append(_ job: UnownedJob) {
        if unsafe count == storage.count { grow() }
        unsafe storage.initializeElement(at: (head + count) & (storage.count - 1), to: job)
        count += 1
    }

    /// Takes the oldest job.
    mutating func popFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = unsafe storage.moveElement(from: head)
        head = unsafe (head + 1) & (storage.count - 1)
        count -= 1
        return job
    }

    private mutating func grow() {
        let larger = unsafe CacheLines.allocateBuffer(UnownedJob.self, count: storage.count * 2)
        for index in 0..<count {
            unsafe larger.initializeElement(at: index, to: storage[(head + index) & (storage.count - 1)])
        }
        unsafe CacheLines.free(storage.baseAddress)
        unsafe storage = larger
        head = 0
    }
}
