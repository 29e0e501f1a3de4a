import CRingFUSE
import Synchronization

/// Takes a ring away from its thread while that is stuck in the kernel.
///
/// With `IORING_SETUP_DEFER_TASKRUN` the thread alone runs the ring's task work. Where it waits, in a system call of a
/// backend, for something that only its task work can bring, nothing but the end of the ring gets it out: the kernel
/// then cancels the work on a thread of its own (io_uring/io_uring.c, `io_ring_exit_work`). The ring ends when its last
/// reference does: the descriptor, and the mappings. Both can be taken away from any thread of the process.
///
/// Any thread may call it.
package final class RingLifeline: Sendable {
    /// The address of the ring; 0 once it has ended.
    private let ring: Mutex<UInt>

    init(_ pointer: OpaquePointer) { ring = Mutex(UInt(bitPattern: pointer)) }

    /// The ring ends by itself: from here on ``sever(replacement:)`` does nothing.
    func end() { ring.withLock { $0 = 0 } }

    /// Takes the ring away. What its thread does with it from then on fails; its memory stays valid.
    ///
    /// - Parameter replacement: an open file to stand in for the ring's descriptor; not an io_uring.
    /// - Returns: whether there was a ring, and it is gone.
    @discardableResult
    package func sever(replacement: Int32) -> Bool {
        ring.withLock { address in
            guard let pointer = unsafe OpaquePointer(bitPattern: address) else { return false }
            return unsafe rfuse_ring_sever(pointer, replacement) == 0
        }
    }
}
