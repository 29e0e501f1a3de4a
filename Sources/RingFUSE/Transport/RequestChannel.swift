package import SystemPackage

/// How one worker gets requests and gives replies back: the seam between transports and the worker's loop.
///
/// All of it belongs to the worker's thread.
package protocol RequestChannel: ~Copyable, SendableMetatype {
    /// Entries that requests can arrive in, numbered from 0.
    var entryCount: Int { get }

    /// Of these, the first ones that are its own; behind them is room for what other workers lend (``Loan``).
    var ownCount: Int { get }

    /// Requests that have come in such a room.
    var guestRequests: UInt64 { get }

    /// Whether no request can come any more: the connection has ended and every entry is back.
    var isFinished: Bool { get }

    /// Whether the connection has ended, though entries may still be out.
    var isDisconnected: Bool { get }

    /// Whether the last turn may have left arrivals behind for the next.
    var mayHoldMore: Bool { get }

    /// Whether operations of backends are under way of which nothing will ever be heard again.
    var isHopeless: Bool { get }

    /// System calls made so far to fetch, commit and wait: `io_uring_enter`, or `read`, `write` and `poll`.
    var systemCalls: UInt64 { get }

    /// Starts to take requests. INIT has been answered.
    ///
    /// - Throws: what the kernel said to the first entry it refused.
    mutating func start() throws(Errno)

    /// Hands over what is queued and collects what has come, in one system call where the transport allows.
    ///
    /// - Parameters:
    ///   - mayWait: whether to sleep until there is something.
    ///   - isIdle: whether no request is being served, so that nothing but a request can need this thread.
    ///   - arrivals: gets the entries that hold a new request.
    /// - Returns: whether the mailbox is to be looked into.
    mutating func collect(mayWait: Bool, isIdle: Bool, into arrivals: inout ArrivalBatch) -> Bool

    /// Where the request in an entry is.
    func frame(of entry: Int) -> RequestFrame

    /// Gives an entry back with its reply. The payload has been written to the frame's reply memory.
    ///
    /// - Parameters:
    ///   - error: 0 or an errno.
    ///   - length: bytes of payload.
    mutating func commit(_ entry: Int, unique: UInt64, error: Int32, length: Int)

    /// Gives an entry back without a reply.
    mutating func release(_ entry: Int)

    /// Gives the memory of entries back to the kernel that nothing is in. Call it between two turns' requests: none has
    /// come since ``collect(mayWait:isIdle:into:)``, or all that came are in entries that are served.
    ///
    /// - Parameter isServed: whether the request in an entry is still to be answered.
    func giveBack(unless isServed: (Int) -> Bool)

    /// Gives some of the requests that have just come to a worker that helps, where there is one.
    mutating func lend(from arrivals: inout ArrivalBatch)

    /// Takes an entry of another worker in, with the request that it holds.
    ///
    /// - Returns: its number here.
    mutating func takeIn(_ lent: LentEntry) -> Int

    /// Takes an entry back that was lent, with the request that it holds.
    ///
    /// - Returns: whether the request can be served.
    mutating func takeBack(_ entry: Int) -> Bool

    /// Tells the helper of an INTERRUPT whose request is not here: it may be on its way there.
    func forward(interrupt unique: UInt64)
}

/// A channel that lends nothing.
extension RequestChannel where Self: ~Copyable {
    package var ownCount: Int { entryCount }
    package var guestRequests: UInt64 { 0 }
    @inline(__always) package mutating func lend(from arrivals: inout ArrivalBatch) {}
    package mutating func takeIn(_ lent: LentEntry) -> Int { preconditionFailure("has no room for guests") }
    package mutating func takeBack(_ entry: Int) -> Bool { preconditionFailure("has lent nothing") }
    package func forward(interrupt unique: UInt64) {}
}

/// The entries in which requests have arrived: a fixed list.
@safe
package struct ArrivalBatch: ~Copyable {
    private let entries: UnsafeMutableBufferPointer<Int32>
    package private(set) var count = 0

    /// An empty batch.
    ///
    /// - Parameter capacity: the channel's number of entries: none can arrive twice before it is given back.
    package init(capacity: Int) {
        unsafe entries = CacheLines.allocateBuffer(count: capacity)
        unsafe entries.initialize(repeating: 0)
    }

    deinit { unsafe CacheLines.free(entries.baseAddress) }

    /// Whether no more fit.
    package var isFull: Bool { unsafe count == entries.count }

    /// Adds an entry.
    package mutating func append(_ entry: Int) {
        precondition(!isFull, "an entry arrived twice")
        unsafe entries[count] = Int32(entry)
        count += 1
    }

    /// The entry at a position.
    package subscript(position: Int) -> Int {
        precondition(position < count)
        return unsafe Int(entries[position])
    }

    /// The entry that was added last.
    package var last: Int? { count == 0 ? nil : self[count - 1] }

    /// Takes it out.
    package mutating func removeLast() {
        precondition(count > 0)
        count -= 1
    }

    /// Empties the batch.
    package mutating func removeAll() { count = 0 }
}
