import FUSEProtocol

extension RingChannel {
    /// Gives some of the requests that have just come to the helper, where that is wanted: so many that it has twice as
    /// many as stay here, where the caller wants the CPU, too.
    ///
    /// The kernel hands requests to the entry that was committed last, so that those in circulation are as many as the
    /// caller has in flight, and the helper's part of them stays its part. Measured with a server in C, eight reads in
    /// flight, of which 3, 4, 5, 6 are the helper's: 128 KiB 7.2, 7.7, 9.0, 9.5 GB/s, 1 MiB 8.0, 10.0, 10.5, 10.4.
    @inline(__always)
    package mutating func lend(from arrivals: inout ArrivalBatch) {
        guard 2 * arrivals.count > lentCount + 2, let wish else { return }
        let terms = wish.value
        // Looked at here, since whoever calls further counts references.
        guard terms != .nothing, let last = arrivals.last, permits(terms, last) else { return }
        lendSome(of: &arrivals, terms)
    }

    @inline(never)
    private mutating func lendSome(of arrivals: inout ArrivalBatch, _ terms: LoanTerms) {
        guard let lending, !isBroken else { return }
        let wanted = min((2 * arrivals.count - lentCount) / 3, lending.loan.limit - lentCount)
        var entries: [LentEntry] = []
        while entries.count < wanted, let entry = arrivals.last, entry < ownCount, permits(terms, entry) {
            arrivals.removeLast()
            unsafe slots[entry].isLent = true
            lentCount += 1
            entries.append(lentEntry(entry))
        }
        if !entries.isEmpty { lending.other.post(.lend(entries)) }
    }

    /// Whether the request in an entry is of a kind that is shared.
    @inline(__always)
    private func permits(_ terms: LoanTerms, _ entry: Int) -> Bool {
        terms == .everything || terms == .writeback && frame(of: entry).isWriteback
    }

    private func lentEntry(_ entry: Int) -> LentEntry {
        var first = 0
        for arena in arenas {
            if entry < first + arena.depth { return LentEntry(arena: arena, place: entry - first, entry: entry) }
            first += arena.depth
        }
        preconditionFailure("not an entry")
    }

    /// Takes an entry of another worker in, with the request that it holds.
    ///
    /// - Returns: its number here.
    package mutating func takeIn(_ lent: LentEntry) -> Int {
        guard let room = guests.firstIndex(where: { $0 == nil }) else {
            preconditionFailure("more was lent than there is room for")
        }
        guests[room] = lent
        guestCount += 1
        let entry = ownCount + room
        unsafe slots.initializeElement(at: entry, to: Slot(lent.arena, lent.place))
        unsafe slots[entry].isRegistered = true
        guestRequests += 1
        if isBroken { lose(entry) }
        return entry
    }

    /// Gives a guest back with the request that has arrived in it, where such are not to be lent, or no more.
    ///
    /// - Returns: whether it has gone.
    mutating func hasGoneBack(_ entry: Int) -> Bool {
        guestRequests += 1
        guard let hosting, !permits(hosting.loan.terms, entry), let lent = guests[entry - ownCount]
        else { return false }
        guests[entry - ownCount] = nil
        guestCount -= 1
        hosting.other.post(.handBack(entry: lent.entry))
        return true
    }

    /// Takes an entry back that was lent, with the request that it holds.
    ///
    /// - Returns: whether the request can be served.
    package mutating func takeBack(_ entry: Int) -> Bool {
        precondition(entry < ownCount, "not an entry of this worker")
        precondition(unsafe slots[entry].isLent, "an entry comes back that was not lent")
        unsafe slots[entry].isLent = false
        lentCount -= 1
        if isBroken { lose(entry) }
        return !isBroken
    }

    /// Tells the other worker of an INTERRUPT whose request is not here: it may have gone there, or come from there, in
    /// a message that was not read when the INTERRUPT was. What the other one does not find either, it drops.
    package func forward(interrupt unique: UInt64) {
        if let lending, lentCount > 0 { lending.other.post(.forwardedInterrupt(unique: unique)) }
        if let hosting, guestRequests > 0 { hosting.other.post(.forwardedInterrupt(unique: unique)) }
    }
}
