import RingFUSE

/// The bytes of a file in pages, of which copies share those that were not changed since.
struct PagedBytes {
    typealias Page = ContiguousArray<UInt8>

    /// Bytes of a page.
    static let pageSize = 4096
    private static let zeros = Page(repeating: 0, count: pageSize)

    /// How many bytes there are.
    private(set) var count = 0
    /// Each is whole; what is beyond the last byte is zero.
    private var pages: ContiguousArray<Page> = []

    /// Cuts, or extends with zeros.
    mutating func resize(to size: Int) {
        let needed = (size + Self.pageSize - 1) / Self.pageSize
        if needed < pages.count { pages.removeLast(pages.count - needed) }
        while needed > pages.count { pages.append(Self.zeros) }
        let used = size % Self.pageSize
        if size < count, used != 0 {
            pages[needed - 1].replaceSubrange(used..., with: Self.zeros[used...])
        }
        count = size
    }

    /// Writes, after extending where that is beyond the end.
    mutating func write(_ data: RawSpan, at offset: Int) {
        if offset + data.byteCount > count { resize(to: offset + data.byteCount) }
        unsafe data.withUnsafeBytes { source in
            Self.forEachPart(of: offset..<offset + data.byteCount) { page, part, done in
                unsafe pages[page].withUnsafeMutableBytes { target in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[part])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[done..<done + part.count]))
                }
            }
        }
    }

    /// Appends what there is of a range.
    func append(_ range: Range<Int>, to buffer: inout OutputRawSpan) {
        Self.forEachPart(of: range.clamped(to: 0..<count)) { page, part, _ in
            unsafe buffer.withUnsafeMutableBytes { target, filled in
                unsafe pages[page].withUnsafeBytes { source in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + part.count])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[part]))
                }
                filled += part.count
            }
        }
    }

    /// The pages of a range: of each its number, what of it, and how many bytes came before.
    private static func forEachPart(of range: Range<Int>, _ body: (Int, Range<Int>, Int) -> Void) {
        var position = range.lowerBound
        while position < range.upperBound {
            let (page, start) = position.quotientAndRemainder(dividingBy: pageSize)
            let part = start..<min(pageSize, start + range.upperBound - position)
            body(page, part, position - range.lowerBound)
            position += part.count
        }
    }

    /// The same size, and each page from one or the other; zeros where that one has none.
    ///
    /// - Parameter choose: whether a page is the other's.
    func mixed(with other: PagedBytes, _ choose: () -> Bool) -> PagedBytes {
        var result = self
        for index in pages.indices where choose() {
            result.pages[index] = index < other.pages.count ? other.pages[index] : Self.zeros
        }
        return result
    }

    /// All bytes, in pieces.
    var pieces: some Sequence<ArraySlice<UInt8>> {
        pages.indices.lazy.map { [count] index in
            let size = Self.pageSize
            return ArraySlice(self.pages[index].prefix(min(size, count - index * size)))
        }
    }
}
