package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Anonymous memory of whole pages, unpopulated until it is touched; unmapped with its owner.
@safe
package struct MappedRegion: ~Copyable {
    /// The first byte.
    @unsafe package let base: UnsafeMutableRawPointer
    /// Bytes, a multiple of the page size.
    package let byteCount: Int

    /// Maps memory, zeroed and not yet backed by pages.
    ///
    /// - Parameter byteCount: bytes; rounded up to whole pages.
    /// - Throws: `ENOMEM` where address space or the limit on it is exhausted.
    package init(byteCount: Int) throws(Errno) {
        let page = Self.pageSize
        let rounded = (byteCount + page - 1) / page * page
        let address = unsafe mmap(
            nil, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw Errno(rawValue: errno) }
        unsafe base = address
        self.byteCount = rounded
    }

    /// Asks for huge pages: fewer faults and misses of the TLB where much of it is used, and memory in steps of 2 MiB. Nothing
    /// changes where the system does not give them.
    package func adviseHugePages() { unsafe _ = madvise(base, byteCount, MADV_HUGEPAGE) }

    deinit { unsafe munmap(base, byteCount) }

    /// Bytes in a page.
    package static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
}
