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
        unsafe FileContent.append(range, to: &buffer) { piece in unsafe slots[slot(of: piece)].page }
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
