/// The extents of a file that are committed, by their offsets, none overlapping another. What lies between reads as zeros.
struct ExtentMap {
    /// The extents, in order.
    private(set) var extents: ContiguousArray<Extent>

    /// A map of extents that are in order and do not overlap.
    init(_ extents: some Sequence<Extent> = []) {
        self.extents = ContiguousArray(extents)
    }

    /// The first extent that ends after an offset.
    ///
    /// - Complexity: O(log n).
    func index(after offset: UInt64) -> Int {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What is at an offset: the extent that covers it, or `nil` and the end of the hole (`UInt64.max` for none).
    func extent(at offset: UInt64) -> (extent: Extent?, end: UInt64) {
        let index = index(after: offset)
        guard index < extents.count else { return (nil, .max) }
        let extent = extents[index]
        return extent.offset <= offset ? (extent, extent.range.upperBound) : (nil, extent.offset)
    }

    /// Lays an extent over what was there.
    mutating func write(_ extent: Extent) {
        guard extent.length > 0 else { return }
        cut(extent.range)
        extents.insert(extent, at: index(after: extent.offset))
    }

    /// Makes a hole.
    mutating func cut(_ range: Range<UInt64>) {
        let first = index(after: range.lowerBound)
        var rest: [Extent] = []
        var last = first
        while last < extents.count, extents[last].offset < range.upperBound {
            rest += extents[last].parts(outside: range)
            last += 1
        }
        extents.replaceSubrange(first..<last, with: rest)
    }

    /// Applies what a commit has changed.
    mutating func apply(_ change: ContentChange) {
        for hole in change.holes { cut(hole) }
        for extent in change.extents { write(extent) }
    }
}
