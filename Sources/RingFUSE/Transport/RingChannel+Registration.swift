import CRingFUSE
import Ring
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

// How the kernel gets to know the entries.

extension RingChannel {
    /// Registers the entries of all queues but the one that opens the gate.
    ///
    /// The kernel sends requests on the ring once each of its queues has an entry, and one refused entry switches the
    /// ring off for the whole connection. So one queue stays back until every worker has succeeded: up to then, the
    /// connection can still be served through /dev/fuse.
    package mutating func start() throws(Errno) {
        armWake()
        try register { arena, _ in !arena.opensGate }
    }

    /// Registers the first entry of the queue that opens the gate, if it is this worker's.
    ///
    /// - Throws: what the kernel said; the connection can still be served through /dev/fuse.
    package mutating func openGate() throws(Errno) {
        try register { arena, entry in arena.opensGate && entry == 0 }
    }

    /// Registers the other entries of that queue.
    ///
    /// - Throws: what the kernel said to an entry it refused. Requests travel on the ring already, and it is switched
    ///   off: the connection is of no more use.
    package mutating func completeGate() throws(Errno) {
        try register { arena, entry in arena.opensGate && entry > 0 }
    }

    private mutating func register(where isWanted: (QueueArena, Int) -> Bool) throws(Errno) {
        var first = 0
        for arena in arenas {
            for entry in 0..<arena.depth where isWanted(arena, entry) {
                try queueRegister(first + entry, isShort: entry == arena.shortEntry)
            }
            first += arena.depth
        }
        try submitAll()
        try reapRegistrations()
    }

    /// Submits all that is queued: an entry that is left behind could still be refused when the gate is open.
    ///
    /// One system call need not be enough: a signal or want of memory may end it early, and kernels that do not know
    /// `IORING_SETUP_SUBMIT_ALL` end it at an entry that they refuse.
    private func submitAll() throws(Errno) {
        var result: Int32 = 0
        var vainTries = 0
        while vainTries < 64 {
            result = ring.submitAndPoll()
            try check(result)
            if result >= 0 && !ring.hasQueued { return }
            vainTries = result > 0 ? 0 : vainTries + 1
        }
        throw Errno(rawValue: result < 0 ? -result : EAGAIN)
    }

    /// Gives up the entries that were never registered: the connection is to be served some other way.
    ///
    /// Those that were registered come back when the connection ends.
    package mutating func abandon() {
        for entry in 0..<ownCount where unsafe !slots[entry].isRegistered { lose(entry) }
    }

    private mutating func queueRegister(_ entry: Int, isShort: Bool) throws(Errno) {
        unsafe slots[entry].isRegistered = true
        let vectors = unsafe UnsafeMutableBufferPointer(rebasing: iovecs[2 * entry..<2 * entry + 2])
        unsafe vectors.initializeElement(
            at: 0, to: iovec(iov_base: slots[entry].header, iov_len: MemoryLayout<fuse_uring_req_header>.size))
        unsafe vectors.initializeElement(
            at: 1,
            to: iovec(
                iov_base: slots[entry].payload.baseAddress, iov_len: isShort ? 1 : slots[entry].payload.count))
        try check(
            queueCommand(
                FUSE_IO_URING_CMD_REGISTER.rawValue, entry: entry, address: UInt(bitPattern: vectors.baseAddress),
                length: 2))
    }

    /// An entry that is registered does not complete before a request arrives; one that is refused does at once.
    private mutating func reapRegistrations() throws(Errno) {
        var refusal: Int32?
        repeat {
            let count = unsafe ring.reap(into: completions)
            for position in 0..<count {
                let completion = unsafe completions[position]
                if CompletionTag.tag(of: completion.user_data) == .wake {
                    wasWokenEarly = true
                    armWake()
                }
                guard CompletionTag.tag(of: completion.user_data) == .request else { continue }
                let entry = Int(CompletionTag.value(of: completion.user_data))
                if let failure = completion.failure {
                    lose(entry)
                    refusal = refusal ?? failure
                } else {
                    early.append(entry)
                }
            }
            if unsafe count < completions.count { break }
        } while true
        if let refusal { throw Errno(rawValue: refusal) }
    }

    private func check(_ result: Int32) throws(Errno) {
        if result < 0 && !Self.isPassing(result) { throw Errno(rawValue: -result) }
    }
}
