import FUSEProtocol
import Synchronization

/// What a worker counts.
enum Counter: Int, CaseIterable, Sendable {
    /// Twice the turns of the loop, and one more while the worker is at work instead of looking for something to do.
    case phase
    /// System calls that fetch, commit and wait.
    case systemCalls
    /// Requests that were left to a task.
    case deferred
    /// Tasks that were started.
    case tasks
    /// Replies that are an error.
    case errors
    /// Bytes of data in replies to READ.
    case bytesRead
    /// Bytes that replies to WRITE acknowledge.
    case bytesWritten
    /// Requests in entries that another worker has lent.
    case guests
}

/// The words of a ``WorkerMeter``: counters, requests per opcode, and what each entry holds. A trivial reference.
///
/// One thread writes, any may read: words are loaded and stored whole (atomics without a lock or a fence, plain moves
/// on x86-64), so that a reader sees a value that was there, maybe an old one. No clock is read: how old a request is,
/// is for who looks to find out by looking twice.
///
/// Invariant: used only while the meter that gave it lives.
@safe
struct MeterCells: @unchecked Sendable {
    /// In cache lines of their own, which travel to another CPU only when somebody looks.
    let words: UnsafeMutablePointer<Atomic<UInt64>>
    /// Entries that can hold a request.
    let entryCount: Int

    /// Opcodes that are counted one by one; what is beyond shares the last place.
    static let opcodeCount = 64
    private static let firstOpcode = 16
    private static let firstEntry = firstOpcode + opcodeCount
    /// Words of an entry: the number of its request, its node, its opcode and caller; one unused.
    private static let entrySize = 4

    private var wordCount: Int { Self.firstEntry + entryCount * Self.entrySize }

    /// Makes the words, all zero.
    init(entryCount: Int) {
        self.entryCount = entryCount
        let count = Self.firstEntry + entryCount * Self.entrySize
        unsafe words = CacheLines.allocate(count: count)
        for index in 0..<count { unsafe (words + index).initialize(to: Atomic(0)) }
    }

    /// Frees them.
    func free() {
        unsafe words.deinitialize(count: wordCount)
        unsafe CacheLines.free(words)
    }

    // MARK: The writer

    /// Counts.
    @inline(__always)
    func add(_ counter: Counter, _ amount: UInt64 = 1) { bump(counter.rawValue, amount) }

    /// Sets a count that is kept elsewhere.
    @inline(__always)
    func set(_ counter: Counter, to value: UInt64) {
        unsafe words[counter.rawValue].store(value, ordering: .relaxed)
    }

    /// A request has arrived in an entry.
    @inline(__always)
    func begin(_ entry: Int, _ frame: RequestFrame) {
        precondition(entry >= 0 && entry < entryCount)
        let opcode = frame.opcode
        bump(Self.firstOpcode + min(Int(opcode), Self.opcodeCount - 1), 1)
        let start = Self.firstEntry + entry * Self.entrySize
        // Each after what came before it: who sees a word of this request no longer sees the number of the last one,
        // and who sees its number sees all of it.
        unsafe words[start + 1].store(frame.node, ordering: .releasing)
        unsafe words[start + 2].store(UInt64(opcode) << 32 | UInt64(frame.processID), ordering: .releasing)
        unsafe words[start].store(frame.unique, ordering: .releasing)
    }

    /// The entry's request has been answered.
    @inline(__always)
    func end(_ entry: Int) {
        precondition(entry >= 0 && entry < entryCount)
        unsafe words[Self.firstEntry + entry * Self.entrySize].store(0, ordering: .relaxed)
    }

    @inline(__always)
    private func bump(_ index: Int, _ amount: UInt64) {
        unsafe words[index].store(words[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    // MARK: Readers

    /// A count.
    func value(of counter: Counter) -> UInt64 { unsafe words[counter.rawValue].load(ordering: .relaxed) }

    /// Requests of an opcode, by its number.
    func requests(of opcode: Int) -> UInt64 {
        precondition(opcode >= 0 && opcode < Self.opcodeCount)
        return unsafe words[Self.firstOpcode + opcode].load(ordering: .relaxed)
    }

    /// The number of the request in an entry; 0 for none.
    func unique(in entry: Int) -> UInt64 {
        precondition(entry >= 0 && entry < entryCount)
        return unsafe words[Self.firstEntry + entry * Self.entrySize].load(ordering: .acquiring)
    }

    /// What a request is.
    struct Request: Equatable, Sendable {
        let unique: UInt64
        let node: UInt64
        let opcode: UInt32
        let processID: UInt32
    }

    /// The request in an entry; `nil` where there is none, or it changes at this moment.
    func request(in entry: Int) -> Request? {
        let unique = unique(in: entry)
        guard unique != 0 else { return nil }
        let start = Self.firstEntry + entry * Self.entrySize
        let node = unsafe words[start + 1].load(ordering: .relaxed)
        let kind = unsafe words[start + 2].load(ordering: .relaxed)
        atomicMemoryFence(ordering: .acquiring)
        guard unsafe words[start].load(ordering: .relaxed) == unique else { return nil }
        return Request(
            unique: unique, node: node, opcode: UInt32(truncatingIfNeeded: kind >> 32),
            processID: UInt32(truncatingIfNeeded: kind))
    }
}
