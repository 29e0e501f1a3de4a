internal import Glibc
internal import SystemPackage

/// The content of a file: sparse, so holes take no memory and read as zeros.
///
/// Two invariants carry everything: the bytes of a page that lie beyond the end of the file are zero, so that growing
/// needs to touch nothing; and each page has been charged to the budget.
@safe
struct FileContent: ~Copyable {
    /// The largest size and the end of the largest offset (`MAX_LFS_FILESIZE`).
    static let largestSize = UInt64(Int64.max)

    /// Bytes.
    private(set) var size: UInt64 = 0
    /// The pages that are no holes.
    private var pages = PageMap()
    /// Pays for pages.
    private let budget: SpaceBudget

    /// An empty file.
    init(budget: SpaceBudget) {
        self.budget = budget
    }

    deinit {
        budget.returnBytes(pages.count * PageMap.pageSize)
    }

    /// Bytes of the pages there are.
    var allocatedBytes: UInt64 { UInt64(pages.count) * UInt64(PageMap.pageSize) }

    // MARK: Reading

    /// Appends what is there from an offset on, up to the end of the file, to a buffer.
    ///
    /// - Parameter limit: bytes at the most; no more than the buffer has room for.
    /// - Returns: the number of bytes.
    @discardableResult
    func read(at offset: UInt64, into buffer: inout OutputRawSpan, limit: Int = .max) -> Int {
        guard offset < size else { return 0 }
        let count = Int(min(UInt64(min(limit, buffer.freeCapacity)), size - offset))
        unsafe Self.append(offset..<offset + UInt64(count), to: &buffer) { piece in unsafe pages[piece.page] }
        return count
    }

    /// Appends a range to a buffer, which has room for it.
    ///
    /// - Parameter page: the memory of the page that a piece lies in; `nil` for a hole.
    @inline(__always)
    static func append(
        _ range: Range<UInt64>,
        to buffer: inout OutputRawSpan,
        page: (Piece) -> UnsafeMutableRawPointer?
    ) {
        unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            guard let base = bytes.baseAddress else { return }
            precondition(bytes.count - initialized >= range.count, "more than there is room for")
            let target = unsafe base + initialized
            forEachPiece(of: range) { piece in
                // Zeros are written out for holes: the memory may still hold what somebody else has read.
                if let page = unsafe page(piece) {
                    unsafe memcpy(target + piece.done, page + piece.start, piece.count)
                } else {
                    unsafe memset(target + piece.done, 0, piece.count)
                }
                return true
            }
            initialized += range.count
        }
    }

    /// The first byte of data, or of a hole, from an offset on; the end of the file is a hole.
    ///
    /// - Returns: `nil` where there is none before the end.
    func seek(data: Bool, from offset: UInt64) -> UInt64? {
        guard offset < size else { return nil }
        let page = offset / UInt64(PageMap.pageSize)
        guard let found = data ? pages.next(from: page) : pages.nextHole(from: page) else { return nil }
        let position = max(offset, found * UInt64(PageMap.pageSize))
        return position < size ? position : data ? nil : size
    }

    // MARK: Writing

    /// Writes, and grows the file where that is needed.
    ///
    /// - Parameter whole: to write nothing rather than a part when space runs out.
    /// - Returns: the number of bytes written; fewer only when space ran out.
    /// - Throws: `EFBIG`; `ENOSPC` where nothing could be written.
    mutating func write(_ data: RawSpan, at offset: UInt64, whole: Bool) throws(Errno) -> Int {
        let range = try Self.range(at: offset, length: UInt64(data.byteCount))
        guard !range.isEmpty else { return 0 }
        let missing = self.missing(in: range)
        var paid = budget.takeUnits(missing, of: PageMap.pageSize)
        if paid < missing, whole {
            budget.returnBytes(paid * PageMap.pageSize)
            throw .noSpace
        }
        var written = 0
        unsafe data.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            Self.forEachPiece(of: range) { piece in
                guard unsafe pages[piece.page] != nil || paid > 0 else { return false }
                if unsafe pages[piece.page] == nil {
                    paid -= 1
                    addPage(piece.page, zeroing: piece.count < PageMap.pageSize)
                }
                guard let page = unsafe pages[piece.page] else { return false }
                unsafe memcpy(page + piece.start, source + piece.done, piece.count)
                written += piece.count
                return true
            }
        }
        // Left over where the space ran out before a page that was already there.
        budget.returnBytes(paid * PageMap.pageSize)
        guard written > 0 else { throw .noSpace }
        size = max(size, offset + UInt64(written))
        return written
    }

    /// Cuts the file, or lets it grow by a hole. Where it is to have the size that it has, what was allocated beyond
    /// its end goes too.
    ///
    /// - Throws: `EFBIG`.
    mutating func resize(to newSize: UInt64) throws(Errno) {
        guard newSize <= Self.largestSize else { throw .fileTooLarge }
        if newSize <= size {
            // What was beyond the end must read as zeros if the file grows again.
            release(newSize..<UInt64(Int64.max) + 1)
        }
        size = newSize
    }

    /// Makes a range read as zeros, and gives back the memory of the pages within.
    mutating func punchHole(_ range: Range<UInt64>) {
        release(range)
    }

    /// Makes sure that a range has memory.
    ///
    /// - Parameters:
    ///   - zeroing: to make it read as zeros, too.
    ///   - keepingSize: not to let the file grow to the end of the range.
    /// - Throws: `ENOSPC`, and nothing has changed.
    mutating func allocate(_ range: Range<UInt64>, zeroing: Bool, keepingSize: Bool) throws(Errno) {
        let numbers = Self.pages(of: range)
        // Compared first: a range may have 2^51 pages, which cannot all be there.
        guard numbers.count - min(pages.count, numbers.count) <= budget.byteLimit / PageMap.pageSize else {
            throw .noSpace
        }
        let missing = self.missing(in: range)
        guard budget.takeBytes(missing * PageMap.pageSize) else { throw .noSpace }
        if zeroing { zero(range) }
        for number in numbers where unsafe pages[number] == nil { addPage(number, zeroing: true) }
        if !keepingSize { size = max(size, range.upperBound) }
    }

    /// A range of bytes.
    ///
    /// - Throws: `EFBIG` where it ends beyond the largest file.
    static func range(at offset: UInt64, length: UInt64) throws(Errno) -> Range<UInt64> {
        guard offset <= largestSize, length <= largestSize - offset else { throw .fileTooLarge }
        return offset..<offset + length
    }

    // MARK: Pages

    /// A part of a range that lies within one page.
    struct Piece {
        /// The number of the page.
        let page: UInt64
        /// Where the piece starts in it.
        let start: Int
        /// Bytes.
        let count: Int
        /// Bytes of the range before it.
        let done: Int
    }

    /// Calls `body` with the pieces of a range, until it says false.
    static func forEachPiece(of range: Range<UInt64>, _ body: (Piece) -> Bool) {
        let size = UInt64(PageMap.pageSize)
        var position = range.lowerBound
        while position < range.upperBound {
            let start = position % size
            let count = min(size - start, range.upperBound - position)
            let piece = Piece(
                page: position / size,
                start: Int(start),
                count: Int(count),
                done: Int(position - range.lowerBound)
            )
            guard body(piece) else { return }
            position += count
        }
    }

    /// The numbers of the pages that a range touches.
    static func pages(of range: Range<UInt64>) -> Range<UInt64> {
        let size = UInt64(PageMap.pageSize)
        guard !range.isEmpty else { return 0..<0 }
        return range.lowerBound / size..<(range.upperBound - 1) / size + 1
    }

    /// Pages of a range that are holes.
    private func missing(in range: Range<UInt64>) -> Int {
        let numbers = Self.pages(of: range)
        return numbers.count - pages.count(in: numbers)
    }

    /// Adds a page that has been paid for.
    private mutating func addPage(_ number: UInt64, zeroing: Bool) {
        let page = unsafe pages.add(number)
        if zeroing { unsafe memset(page, 0, PageMap.pageSize) }
    }

    /// Makes what is there of a range zero.
    private mutating func zero(_ range: Range<UInt64>) {
        let numbers = Self.pages(of: range)
        var next = pages.next(from: numbers.lowerBound)
        while let number = next, number < numbers.upperBound {
            let start = number * UInt64(PageMap.pageSize)
            let low = max(range.lowerBound, start) - start
            let high = min(range.upperBound - start, UInt64(PageMap.pageSize))
            if let page = unsafe pages[number] { unsafe memset(page + Int(low), 0, Int(high - low)) }
            next = pages.next(from: number + 1)
        }
    }

    /// Removes the pages that lie within a range, and zeroes the parts at its ends.
    private mutating func release(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        let size = UInt64(PageMap.pageSize)
        let whole =
            (range.lowerBound + size - 1) / size..<max(range.upperBound / size, (range.lowerBound + size - 1) / size)
        if whole.isEmpty {
            zero(range)
        } else {
            zero(range.lowerBound..<whole.lowerBound * size)
            zero(whole.upperBound * size..<range.upperBound)
            budget.returnBytes(pages.remove(whole) * PageMap.pageSize)
        }
    }
}

// MARK: Without the lock

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
