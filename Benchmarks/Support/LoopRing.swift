import CRingFUSE
import Glibc
import Ring
import RingFUSE

/// The kernel's half of a ring in memory: hands the same request out over and over, and allocates nothing meanwhile.
///
/// All of it belongs to the thread that runs the worker.
@safe
final class LoopKernel {
    private let request: Message
    private let depth: Int
    /// By the number of an entry, which is also what its commits are named by.
    private let headers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
    private let userData: UnsafeMutableBufferPointer<UInt64>
    private var entryCount = 0
    /// Entries without a request: the first of these.
    private let idle: UnsafeMutableBufferPointer<Int>
    private var idleCount = 0
    /// Completions to be reaped: the first of these.
    private let completions: UnsafeMutableBufferPointer<Completion>
    private var completionCount = 0
    private var unsent = 0
    private var unanswered = 0
    /// Replies that were errors.
    private(set) var failureCount = 0

    init(_ request: Message, depth: Int) {
        self.request = request
        self.depth = depth
        unsafe headers = .allocate(capacity: depth)
        unsafe userData = .allocate(capacity: depth)
        unsafe idle = .allocate(capacity: depth)
        unsafe completions = .allocate(capacity: depth)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe userData.deallocate()
        unsafe idle.deallocate()
        unsafe completions.deallocate()
    }

    /// Has so many requests come.
    func send(_ count: Int) {
        unsent = count
        unanswered = count
    }

    /// Whether all have been answered.
    var isAnswered: Bool { unanswered == 0 }

    /// A system call: entries without a request get one.
    func enter() -> Int32 {
        while unsent > 0 && idleCount > 0 {
            idleCount -= 1
            let entry = unsafe idle[idleCount]
            let header = unsafe headers[entry]
            unsafe request.copy(to: header)
            let state = unsafe header.assumingMemoryBound(to: fuse_uring_req_header.self)
            unsafe state.pointee.ring_ent_in_out = fuse_uring_ent_in_out()
            unsafe state.pointee.ring_ent_in_out.commit_id = UInt64(entry)
            unsafe completions[completionCount] = Completion(user_data: userData[entry], result: 0, flags: 0)
            completionCount += 1
            unsent -= 1
        }
        return 0
    }

    /// What has come.
    @unsafe
    func reap(into target: UnsafeMutableBufferPointer<Completion>) -> Int {
        let count = min(target.count, completionCount)
        for index in 0..<count { unsafe target[index] = completions[index] }
        for index in count..<completionCount { unsafe completions[index - count] = completions[index] }
        completionCount -= count
        return count
    }

    /// Whether there is something to be reaped.
    var hasCompletions: Bool { completionCount > 0 }

    /// REGISTER.
    @unsafe
    func register(_ vectors: UInt, _ data: UInt64) {
        precondition(entryCount < depth)
        let header = unsafe UnsafePointer<iovec>(bitPattern: vectors).unsafelyUnwrapped.pointee.iov_base
        unsafe headers[entryCount] = header.unsafelyUnwrapped
        unsafe userData[entryCount] = data
        unsafe idle[idleCount] = entryCount
        entryCount += 1
        idleCount += 1
    }

    /// COMMIT_AND_FETCH.
    func commit(_ entry: Int) {
        precondition(entry < entryCount && idleCount < depth)
        if unsafe headers[entry].load(fromByteOffset: 4, as: Int32.self) != 0 { failureCount += 1 }
        unsafe idle[idleCount] = entry
        idleCount += 1
        unanswered -= 1
    }
}

/// A ring of that kernel. Backends have no operations on it.
struct LoopRing: SubmissionQueue {
    /// Whom it talks to.
    let kernel: LoopKernel

    func submitAndWait(for count: UInt32) -> Int32 { kernel.enter() }
    func submitAndPoll() -> Int32 { kernel.enter() }
    var hasEvents: Bool { kernel.hasCompletions }
    var hasQueued: Bool { false }

    @unsafe
    func reap(into target: UnsafeMutableBufferPointer<Completion>) -> Int { unsafe kernel.reap(into: target) }

    @unsafe
    func queueCommand(
        file: UInt32, operation: UInt32, address: UInt, length: UInt32, command: UnsafeRawBufferPointer,
        userData: UInt64
    ) -> Int32 {
        if operation == FUSE_IO_URING_CMD_REGISTER.rawValue {
            unsafe kernel.register(address, userData)
        } else {
            kernel.commit(Int(unsafe command.load(fromByteOffset: 8, as: UInt64.self)))
        }
        return 0
    }

    /// Nobody wakes the worker.
    func queueFixedRead(file: UInt32, address: UInt, length: UInt32, userData: UInt64) -> Int32 { 0 }

    func queueRead(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 { -38 }
    func queueWrite(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 { -38 }
    func queueSynchronize(file: Int32, dataOnly: Bool, userData: UInt64) -> Int32 { -38 }
    func queueAllocate(file: Int32, mode: Int32, offset: UInt64, length: UInt64, userData: UInt64) -> Int32 { -38 }
    func queueClose(file: Int32, userData: UInt64) -> Int32 { -38 }
    func queueOpen(directory: Int32, path: UInt, flags: Int32, mode: UInt32, userData: UInt64) -> Int32 { -38 }
    func queueStatx(
        directory: Int32, path: UInt, flags: Int32, mask: UInt32, result: UInt, userData: UInt64
    ) -> Int32 { -38 }
    func queueTimeout(seconds: Int64, nanoseconds: Int64, userData: UInt64) -> Int32 { -38 }
    func queueCancel(of target: UInt64, userData: UInt64) -> Int32 { -38 }
}
