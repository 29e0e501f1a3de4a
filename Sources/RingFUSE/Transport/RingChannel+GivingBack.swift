import Ring

extension RingChannel {
    /// Gives memory back; only where the ring defers task work (`IORING_SETUP_DEFER_TASKRUN`), so that a request is copied
    /// into an entry in this thread's own `io_uring_enter` alone, which is not now.
    ///
    /// An entry that is not served then waits in the kernel for a request, and is empty, if all commits have been
    /// submitted and all completions reaped. Where they have not, nothing is given back: the worker is at work.
    package func giveBack(unless isServed: (Int) -> Bool) {
        guard mayGiveBack else { return }
        var first = 0
        for arena in arenas {
            arena.buffers.extent.giveBack { !isServed(first + $0) }
            first += arena.depth
        }
    }
}
