import Ring

extension RingChannel {
    /// Gives memory back; only where the ring defers task work (`IORING_SETUP_DEFER_TASKRUN`), so that a request is copied
    /// into an entry in this thread's own `io_uring_enter` alone, which is not now.
    ///
    /// An entry that is not served then waits in the kernel for a request, and is empty, if all commits have been
    /// submitted and all completions reaped. Where they have not, nothing is given back: the worker is at work. What
    /// is lent waits with the helper, who gives its memory back.
    package func giveBack(unless isServed: (Int) -> Bool) {
        guard mayGiveBack else { return }
        var first = 0
        for arena in arenas {
            arena.buffers.extent.giveBack { unsafe !isServed(first + $0) && !slots[first + $0].isLent }
            first += arena.depth
        }
        for (room, guest) in guests.enumerated() {
            guard let guest, !isServed(ownCount + room) else { continue }
            guest.arena.buffers.extent.giveBack { $0 == guest.place }
        }
    }
}
