#if canImport(Glibc)
    import Glibc
#endif

/// Which part of an entry's payload is known to be zero, so that a reply of zeros need not be written again.
///
/// The payload is zero from ``dirty`` on, up to ``known``. Whoever can write to it says so first: the channel for what
/// a request brings, and ``RequestFrame`` for every view of it that it hands out. Memory that was never written reads
/// as zeros as well, but that is not relied on: the kernel takes a slow path for it, each time (`gup_fast` gives up on
/// the shared page of zeros; Linux 6.18: 128 KiB in 14.6 instead of 10.4 µs).
///
/// Invariant: used only while the memory that holds the two numbers lives; by the worker's thread alone.
@safe
package struct DirtyExtent {
    /// Bytes of memory that an extent needs.
    package static let byteCount = 8

    private let numbers: UnsafeMutablePointer<(dirty: UInt32, known: UInt32)>

    /// An extent that is kept in `memory`, aligned to 4 bytes; all zero it says that nothing is known.
    @unsafe
    package init(_ memory: UnsafeMutableRawPointer) {
        unsafe numbers = memory.assumingMemoryBound(to: (dirty: UInt32, known: UInt32).self)
    }

    /// Bytes from the payload's start that may be other than zero.
    package var dirty: Int { unsafe Int(numbers.pointee.dirty) }
    /// Where the bytes end of which anything is known.
    package var known: Int { unsafe Int(numbers.pointee.known) }

    /// The payload may be other than zero up to a byte.
    @inline(__always)
    package func grow(to end: Int) {
        // Looked at first: mostly it is so already, and the line stays clean.
        guard end > dirty else { return }
        unsafe numbers.pointee.dirty = UInt32(clamping: end)
        if end > known { unsafe numbers.pointee.known = UInt32(clamping: end) }
    }

    /// Nothing is known of the payload any more.
    package func forget() { unsafe numbers.pointee = (0, 0) }

    /// Makes the first bytes of a payload zero.
    ///
    /// Costs a memset of those among them that are not known to be.
    @inline(__always)
    func clear(_ count: Int, of payload: UnsafeMutableRawBufferPointer) {
        precondition(count >= 0 && count <= payload.count && known <= payload.count)
        guard dirty > 0 || count > known, count > 0, let start = payload.baseAddress else { return }
        let written = min(count, dirty)
        unsafe _ = memset(start, 0, written)
        if written == dirty { unsafe numbers.pointee.dirty = 0 }
        if count > known {
            unsafe _ = memset(start + known, 0, count - known)
            unsafe numbers.pointee.known = UInt32(clamping: count)
        }
    }
}
