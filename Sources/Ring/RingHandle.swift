public import CRingFUSE

/// A trivial reference to a ``Ring``: copied freely, never retained.
///
/// Invariant: it is used only while the ring that gave it lives, on the ring's thread.
// Without `@usableFromInline` on the type the compiler inlines nothing of it into other modules (Swift 6.3).
@safe
@frozen
@usableFromInline
package struct RingHandle: SubmissionQueue {
    @usableFromInline let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    @inlinable
    package func submitAndWait(for count: UInt32) -> Int32 { unsafe rfuse_ring_submit_and_wait(pointer, count) }

    @inlinable
    package func submitAndPoll() -> Int32 { unsafe rfuse_ring_submit_and_get_events(pointer) }

    @inlinable
    package var hasEvents: Bool { unsafe rfuse_ring_has_events(pointer) }

    @inlinable
    package var hasQueued: Bool { unsafe rfuse_ring_prepared(pointer) > 0 }

    @inlinable
    @unsafe
    package func reap(into target: UnsafeMutableBufferPointer<Completion>) -> Int {
        unsafe Int(rfuse_ring_reap(pointer, target.baseAddress, UInt32(target.count)))
    }

    @inlinable
    @unsafe
    package func queueCommand(
        file: UInt32,
        operation: UInt32,
        address: UInt,
        length: UInt32,
        command: UnsafeRawBufferPointer,
        userData: UInt64
    ) -> Int32 {
        unsafe rfuse_ring_command(
            pointer, file, operation, UInt64(address), length, command.baseAddress, command.count, userData)
    }

    @inlinable
    package func queueFixedRead(file: UInt32, address: UInt, length: UInt32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_read(pointer, Int32(file), true, UInt64(address), length, 0, userData)
    }

    @inlinable
    package func queueRead(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_read(pointer, file, false, UInt64(address), length, offset, userData)
    }

    @inlinable
    package func queueWrite(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_write(pointer, file, UInt64(address), length, offset, userData)
    }

    @inlinable
    package func queueSynchronize(file: Int32, dataOnly: Bool, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_fsync(pointer, file, dataOnly, userData)
    }

    @inlinable
    package func queueAllocate(file: Int32, mode: Int32, offset: UInt64, length: UInt64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_fallocate(pointer, file, mode, offset, length, userData)
    }

    @inlinable
    package func queueClose(file: Int32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_close(pointer, file, userData)
    }

    @inlinable
    package func queueOpen(directory: Int32, path: UInt, flags: Int32, mode: UInt32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_openat(pointer, directory, UInt64(path), flags, mode, userData)
    }

    @inlinable
    package func queueStatx(
        directory: Int32,
        path: UInt,
        flags: Int32,
        mask: UInt32,
        result: UInt,
        userData: UInt64
    ) -> Int32 {
        unsafe rfuse_ring_statx(pointer, directory, UInt64(path), flags, mask, UInt64(result), userData)
    }

    @inlinable
    package func queueRename(
        from: Int32,
        path: UInt,
        to: Int32,
        newPath: UInt,
        flags: UInt32,
        userData: UInt64
    ) -> Int32 {
        unsafe rfuse_ring_rename(pointer, from, UInt64(path), to, UInt64(newPath), flags, userData)
    }

    @inlinable
    package func queueRemove(directory: Int32, path: UInt, flags: Int32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_unlink(pointer, directory, UInt64(path), flags, userData)
    }

    @inlinable
    package func queueMakeDirectory(directory: Int32, path: UInt, mode: UInt32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_mkdir(pointer, directory, UInt64(path), mode, userData)
    }

    @inlinable
    package func queueConnect(socket: Int32, address: UInt, length: UInt32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_connect(pointer, socket, UInt64(address), length, userData)
    }

    @inlinable
    package func queueSend(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_send(pointer, socket, UInt64(address), length, flags, userData)
    }

    @inlinable
    package func queueSend(socket: Int32, pieces: TwoPieces, flags: Int32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_send_two(
            pointer, socket, UInt64(pieces.address), pieces.length, UInt64(pieces.secondAddress), pieces.secondLength,
            flags, userData)
    }

    @inlinable
    package func queueReceive(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_receive(pointer, socket, UInt64(address), length, flags, userData)
    }

    @inlinable
    package func queueExchange(socket: Int32, pieces: TwoPieces, ignored: UInt64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_exchange(
            pointer, socket, UInt64(pieces.address), pieces.length, UInt64(pieces.secondAddress), pieces.secondLength,
            ignored, userData)
    }

    @inlinable
    package func queueTimeout(seconds: Int64, nanoseconds: Int64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_timeout(pointer, seconds, nanoseconds, userData)
    }

    @inlinable
    package func queueCancel(of target: UInt64, userData: UInt64) -> Int32 {
        unsafe rfuse_ring_cancel(pointer, target, userData)
    }
}
