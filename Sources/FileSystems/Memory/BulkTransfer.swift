internal import Glibc
internal import RingFUSE

/// A large read or write, which copies without the file's lock, so that several workers copy for one file at a time.
///
/// It begins and ends under the lock (``FileContent/beginReading(at:limit:)``, ``FileContent/end(_:)``), and copies in
/// between. What others do to the same bytes in that time comes before or after each page of it: the kernel has locks of
/// its own around what must not mix (the inode's, a page's).
///
/// Invariant: pages of the file are pinned from its begin to its end, and pages that it has made are its own.
@safe
struct BulkTransfer: @unchecked Sendable {
    /// A page of the range.
    @unsafe
    struct Slot {
        /// Its memory; `nil` for a hole.
        var page: UnsafeMutableRawPointer?
        /// Whether the file does not have it yet.
        var isFresh = false
    }

    /// The bytes.
    let range: Range<UInt64>
    /// The pages that they are in, in order.
    let slots: UnsafeMutableBufferPointer<Slot>
    /// Removals of pages from the file before it began.
    let removals: Int

    /// A transfer to or from the pages that a file has.
    init(_ range: Range<UInt64>, of pages: borrowing PageMap) {
        self.range = range
        removals = pages.removals
        let numbers = FileContent.pages(of: range)
        unsafe slots = .allocate(capacity: numbers.count)
        for (index, number) in numbers.enumerated() {
            unsafe slots.initializeElement(at: index, to: Slot(page: pages[number]))
        }
    }

    /// Frees what belongs to it, but for fresh pages.
    func free() { unsafe slots.deallocate() }

    /// The page that a piece lies in.
    private func slot(of piece: FileContent.Piece) -> Int {
        Int(piece.page - range.lowerBound / UInt64(PageMap.pageSize))
    }

    /// Appends the bytes to a buffer, which has room for them.
    func copy(into buffer: inout OutputRawSpan) {
        unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            guard let base = bytes.baseAddress else { return }
            precondition(bytes.count - initialized >= range.count, "more than there is room for")
            let target = unsafe base + initialized
            FileContent.forEachPiece(of: range) { piece in
                // Zeros are written out for holes: the memory may still hold what somebody else has read.
                if let page = unsafe slots[slot(of: piece)].page {
                    unsafe memcpy(target + piece.done, page + piece.start, piece.count)
                } else {
                    unsafe memset(target + piece.done, 0, piece.count)
                }
                return true
            }
            initialized += range.count
        }
    }

    /// Takes the bytes from data of that length, into pages that are there, and into new ones.
    func copy(from data: RawSpan) {
        precondition(data.byteCount == range.count, "other data than was announced")
        unsafe data.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            FileContent.forEachPiece(of: range) { piece in
                let page = unsafe page(at: slot(of: piece), isWhole: piece.count == PageMap.pageSize)
                unsafe memcpy(page + piece.start, source + piece.done, piece.count)
                return true
            }
        }
    }

    /// The memory of a page, which is made where there is none.
    private func page(at slot: Int, isWhole: Bool) -> UnsafeMutableRawPointer {
        if let page = unsafe slots[slot].page { return unsafe page }
        let page = unsafe PageMap.makePage()
        if !isWhole { unsafe memset(page, 0, PageMap.pageSize) }
        unsafe slots[slot] = Slot(page: page, isFresh: true)
        return unsafe page
    }
}

extension FileContent {
    /// Bytes from which on it takes longer to copy than to lock twice.
    static let leastBulk = 65536

    /// Begins to read from an offset up to the end of the file.
    ///
    /// - Parameter limit: bytes at the most.
    /// - Returns: `nil` where there is little to be read; the transfer else, for ``end(_:)``.
    mutating func beginReading(at offset: UInt64, limit: Int) -> BulkTransfer? {
        guard offset < size else { return nil }
        let count = min(UInt64(limit), size - offset)
        guard count >= Self.leastBulk else { return nil }
        pages.pin()
        return BulkTransfer(offset..<offset + count, of: pages)
    }

    /// Ends a transfer that has read.
    mutating func end(_ transfer: BulkTransfer) {
        transfer.free()
        pages.unpin()
    }

    /// Begins to write, and pays for it.
    ///
    /// - Returns: `nil` where there is little to be written, or not enough room, or the file would be too large; the
    ///   transfer else, for ``end(_:writing:)``.
    mutating func beginWriting(_ count: Int, at offset: UInt64) -> BulkTransfer? {
        guard count >= Self.leastBulk, let range = try? Self.range(at: offset, length: UInt64(count))
        else { return nil }
        guard budget.takeBytes(missing(in: range) * PageMap.pageSize) else { return nil }
        pages.pin()
        return BulkTransfer(range, of: pages)
    }

    /// Ends a transfer that has copied data into its pages: they become the file's.
    ///
    /// - Returns: whether it is in the file; where it is not, since pages were removed meanwhile, it is to be written again.
    mutating func end(_ transfer: BulkTransfer, writing data: RawSpan) -> Bool {
        let isWhole = transfer.removals == pages.removals
        var unused = 0
        unsafe data.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            var slot = 0
            Self.forEachPiece(of: transfer.range) { piece in
                defer { slot += 1 }
                guard let page = unsafe transfer.slots[slot].page, unsafe transfer.slots[slot].isFresh else {
                    return true
                }
                if isWhole, unsafe pages[piece.page] == nil {
                    unsafe pages.add(piece.page, page)
                    return true
                }
                // Another writer was faster.
                if isWhole, let other = unsafe pages[piece.page] {
                    unsafe memcpy(other + piece.start, source + piece.done, piece.count)
                }
                unsafe page.deallocate()
                unused += 1
                return true
            }
        }
        budget.returnBytes(unused * PageMap.pageSize)
        if isWhole { size = max(size, transfer.range.upperBound) }
        end(transfer)
        return isWhole
    }
}
