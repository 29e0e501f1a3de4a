/// When a worker has a caller wait for a millisecond, so that it stays on the worker's CPU.
///
/// A caller that a reply wakes is put on a CPU that is idle, if there is one: its own is busy with the worker that replies.
/// The request after that comes to the other CPU's worker, whose reply moves the caller back, and each of them waits until
/// a CPU has been woken: in a virtual machine three to four times as long as all the rest takes. A CPU that its host has
/// taken away, since it has been idle for some time, does not count as idle for Linux (`available_idle_cpu`,
/// `vcpu_is_preempted`; kernel/sched/), and the caller stays where it is. So one reply that is held for long enough stands at
/// the start of hundreds that come at once.
///
/// Where that is not so, as on a machine whose CPUs are its own, holding is of no use: how many requests have stayed since the
/// last one tells, and those that were in vain become rare.
struct CallerHold: Sendable, Equatable {
    /// Microseconds that a reply is held. Hosts poll for a CPU that has gone idle before they take it away: KVM for up to 200
    /// µs (`halt_poll_ns`). Measured: 400 are too few in some minutes, from 800 to 2500 it makes no difference.
    static let microseconds: UInt32 = 1000

    /// Moves after which a reply is held, where that pays.
    private static let leastMoves = 4
    /// Moves after which it is tried again where it does not: most of a second of them.
    private static let mostMoves = 16384
    /// Requests that must stay for it to pay: each saves some 30 µs.
    private static let leastStays = 100

    private var moves = 0
    private var stays = 0
    private var limit = CallerHold.leastMoves
    private var hasHeld = false

    /// Takes a request that has come alone.
    ///
    /// - Parameter hasMoved: whether the one before it of its caller came to another worker.
    /// - Returns: whether it is to be held.
    mutating func arrived(hasMoved: Bool) -> Bool {
        guard hasMoved else {
            // What it is about: a caller that moves again and again stays now and then by itself.
            if moves < Self.leastMoves { stays += 1 }
            return false
        }
        moves += 1
        guard moves >= limit else { return false }
        if hasHeld { limit = stays >= Self.leastStays ? Self.leastMoves : min(limit * 2, Self.mostMoves) }
        hasHeld = true
        moves = 0
        stays = 0
        return true
    }
}
