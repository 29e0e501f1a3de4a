import CRingFUSE
import Ring
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The memory of a queue's entries: for each a header page and, right behind it, its payload.
///
/// Sendable: it only tells where memory is; whoever uses an entry is the one whom its transport gave it.
///
/// One mapping for all of them. Pages are populated by first use, unless wished otherwise, so a deep queue that stays
/// idle costs address space. The header page comes directly before the payload because a request read from /dev/fuse is
/// one run of bytes: read at `payload - 80` (`fuse_in_header` 40, `fuse_write_in` 40), the data of a WRITE starts on a
/// page.
@safe
package struct EntryBuffers: ~Copyable, @unchecked Sendable {
    private let region: MappedRegion
    /// The number of entries.
    package let count: Int
    /// Bytes in each payload; whole pages.
    package let payloadCapacity: Int
    private let stride: Int

    /// Maps the memory of a queue's entries.
    ///
    /// - Parameters:
    ///   - payloadCapacity: bytes at least; see ``NegotiatedSession``.
    ///   - node: the NUMA node to take pages from where it has any; `nil` for anywhere.
    ///   - populated: whether to have all pages now instead of at their first use.
    /// - Throws: `ENOMEM`.
    package init(count: Int, payloadCapacity: Int, node: Int? = nil, populated: Bool = false) throws(Errno) {
        precondition(count > 0 && payloadCapacity > 0)
        let page = MappedRegion.pageSize
        let capacity = (payloadCapacity + page - 1) / page * page
        let region = try MappedRegion(byteCount: (page + capacity) * count)
        if let node {
            // A preference: where it cannot be had, memory of another node serves as well, more slowly.
            _ = unsafe rfuse_mbind_preferred(region.base, region.byteCount, UInt32(node))
        }
        // A page that is used must not become 512 of them, as it does where the kernel takes huge pages without being asked.
        _ = unsafe madvise(region.base, region.byteCount, MADV_NOHUGEPAGE)
        if populated {
            let error = unsafe rfuse_populate(region.base, region.byteCount)
            if error < 0 { throw Errno(rawValue: -error) }
        }
        self.count = count
        self.payloadCapacity = capacity
        self.region = region
        stride = page + capacity
    }

    /// Bytes that a queue of this shape maps.
    package static func byteCount(depth: Int, payloadCapacity: Int) -> Int {
        let page = MappedRegion.pageSize
        return (page + (payloadCapacity + page - 1) / page * page) * depth
    }

    /// Where they lie, for who gives pages back.
    package var extent: EntryExtent { unsafe EntryExtent(base: region.base, stride: stride, count: count) }

    /// The header page of an entry.
    @unsafe
    package func header(of entry: Int) -> UnsafeMutableRawPointer {
        precondition(entry >= 0 && entry < count)
        return unsafe region.base + entry * stride
    }

    /// The payload of an entry.
    @unsafe
    package func payload(of entry: Int) -> UnsafeMutableRawPointer {
        unsafe header(of: entry) + MappedRegion.pageSize
    }

    /// Space on an entry's header page that no transport uses, for a copy of what the reply would overwrite.
    @unsafe
    package func scratch(of entry: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: header(of: entry) + Self.scratchOffset,
            count: MappedRegion.pageSize - Self.scratchOffset - Self.deviceHead)
    }

    /// Which part of an entry's payload is known to be zero. That is kept on the header page, whose first 288 bytes alone
    /// are the kernel's; a new mapping is zero: nothing is known.
    package func dirty(of entry: Int) -> DirtyExtent { unsafe DirtyExtent(header(of: entry) + Self.dirtyOffset) }

    /// Behind `fuse_uring_req_header` (288 bytes), on the cache line of its last part.
    private static let dirtyOffset = 304
    /// Behind `fuse_uring_req_header` (288 bytes).
    private static let scratchOffset = 512
    /// What a request read from /dev/fuse has before the payload: `fuse_in_header` and the longest fixed part that is
    /// followed by data.
    package static let deviceHead = 80
}
