#if canImport(Glibc)
    import Glibc
#endif

/// Where the memory of a queue's entries lies: a trivial reference to ``EntryBuffers``.
///
/// Invariant: used only while the buffers that gave it live.
@safe
package struct EntryExtent: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let stride: Int
    /// The number of entries.
    package let count: Int

    /// Entries of `stride` bytes, whole pages, one after the other.
    @unsafe
    init(base: UnsafeMutableRawPointer, stride: Int, count: Int) {
        unsafe self.base = base
        self.stride = stride
        self.count = count
    }

    /// Gives the pages of entries back: they take no memory until they are used again, and are zero then.
    ///
    /// Only entries in which neither a request nor a reply is. Registering an entry tells the kernel its address: it looks
    /// for the pages each time it copies, and holds them no longer than that (fs/fuse/dev_uring.c,
    /// `fuse_uring_args_to_ring`: `import_ubuf` for each request). An entry that waits for a request may therefore lose
    /// its pages, as long as no request can be copied into it at that moment.
    package func giveBack(where isIdle: (Int) -> Bool) {
        var entry = 0
        while entry < count {
            let first = entry
            while entry < count && isIdle(entry) { entry += 1 }
            if entry > first {
                // Fails for memory that is locked, which stays then.
                unsafe _ = madvise(base + first * stride, (entry - first) * stride, MADV_DONTNEED)
            }
            entry += 1
        }
        // What comes next may be small; see ``useHugePages()``.
        unsafe _ = madvise(base, count * stride, MADV_NOHUGEPAGE)
    }

    /// Has pages that are there become huge ones, with what is in them, and those that are yet to come: where requests are
    /// large, most of what they cost is copying, and copies go faster. Any thread may, also while requests are served.
    package func useHugePages() {
        unsafe _ = madvise(base, count * stride, MADV_HUGEPAGE)
        // Linux 6.1. Part by part: it ends at the first that has no pages at all.
        let (start, end) = unsafe (UInt(bitPattern: base), UInt(bitPattern: base + count * stride))
        var part = (start + Self.hugePage - 1) / Self.hugePage * Self.hugePage
        while part + Self.hugePage <= end {
            unsafe _ = madvise(UnsafeMutableRawPointer(bitPattern: part), Int(Self.hugePage), Self.collapse)
            part += Self.hugePage
        }
    }

    /// Bytes of a huge page where others have 4 KiB.
    private static var hugePage: UInt { 2 << 20 }
    /// MADV_COLLAPSE of linux/mman.h; Debian 12's C library has no name for it.
    private static var collapse: Int32 { 25 }
}
