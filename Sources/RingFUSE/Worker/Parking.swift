import CRingFUSE

/// Where a worker tells that it sleeps in a read of the device and uses one entry only, so that the watchdog may give the
/// memory of the others back. See `parking.h`.
///
/// ``park(with:)`` and ``leave()`` belong to the worker's thread, ``whileParked(_:)`` to one other.
@safe
package final class Parking: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// One that nobody is in.
    package init() {
        guard let made = unsafe rfuse_parking_create() else { preconditionFailure("no memory for two cache lines") }
        unsafe pointer = made
    }

    deinit { unsafe rfuse_parking_destroy(pointer) }

    /// The worker goes to sleep, with an entry for the kernel to write to.
    @inline(__always)
    func park(with entry: Int) { unsafe rfuse_parking_enter(pointer, UInt32(entry + 1)) }

    /// The worker is back; waits while ``whileParked(_:)`` is at it.
    @inline(__always)
    func leave() { unsafe rfuse_parking_leave(pointer) }

    /// Runs `body` while the worker sleeps, and keeps it from coming back meanwhile.
    ///
    /// - Parameter body: gets the entry that the kernel may write to.
    /// - Returns: whether the worker was parked.
    package func whileParked(_ body: (Int) -> Void) -> Bool {
        let note = unsafe rfuse_parking_hold(pointer)
        guard note > 0 else { return false }
        body(Int(note) - 1)
        unsafe rfuse_parking_release(pointer)
        return true
    }
}
