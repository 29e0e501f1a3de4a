internal import RingFUSE

/// Extents of a file in a ``RowCache``: those of the ranges that were asked for.
struct CachedExtents {
    /// By their offsets: what the database has, what is new, and what is gone.
    private(set) var slots: [UInt64: RowCache.Slot<Extent>] = [:]
    /// The offsets of those that are there, in their order.
    private var offsets: ContiguousArray<UInt64> = []
    /// Ranges of which all are known: disjoint, in their order.
    private var known: ContiguousArray<Range<UInt64>> = []

    /// Nothing is known; or, of a file that is new, everything.
    init(isNew: Bool = false) {
        if isNew { known = [0..<UInt64.max] }
    }

    // MARK: What is known

    /// The parts of a range of which nothing is known.
    func unknown(of range: Range<UInt64>) -> [Range<UInt64>] {
        var rest: [Range<UInt64>] = []
        var position = range.lowerBound
        for part in known where part.upperBound > position {
            guard part.lowerBound < range.upperBound else { break }
            if part.lowerBound > position { rest.append(position..<part.lowerBound) }
            position = max(position, part.upperBound)
        }
        if position < range.upperBound { rest.append(position..<range.upperBound) }
        return rest
    }

    /// Keeps the extents that overlap a range. One of which something is known already, because it reaches into another
    /// range, may have been changed since.
    mutating func keep(_ extents: [Extent], of range: Range<UInt64>) {
        for extent in extents where slots[extent.offset] == nil {
            slots[extent.offset] = RowCache.Slot(isStored: true, value: extent)
            offsets.insert(extent.offset, at: index(of: extent.offset))
        }
        let touching = known.filter { $0.lowerBound <= range.upperBound && $0.upperBound >= range.lowerBound }
        let low = touching.reduce(range.lowerBound) { min($0, $1.lowerBound) }
        let high = touching.reduce(range.upperBound) { max($0, $1.upperBound) }
        known.removeAll { $0.lowerBound <= range.upperBound && $0.upperBound >= range.lowerBound }
        known.append(low..<high)
        known.sort { $0.lowerBound < $1.lowerBound }
    }

    // MARK: Extents

    /// The extents that overlap a range which is known, by their offsets.
    func overlapping(_ range: Range<UInt64>) -> [Extent] {
        var found: [Extent] = []
        // The one before may reach into it.
        var index = max(0, index(of: range.lowerBound) - 1)
        while index < offsets.count, offsets[index] < range.upperBound {
            if let extent = slots[offsets[index]]?.value, extent.range.overlaps(range) { found.append(extent) }
            index += 1
        }
        return found
    }

    /// Adds an extent where none begins.
    mutating func insert(_ extent: Extent) {
        let slot = slots[extent.offset] ?? RowCache.Slot(isStored: false, value: nil)
        if slot.value == nil { offsets.insert(extent.offset, at: index(of: extent.offset)) }
        slots[extent.offset] = slot.changed(to: extent)
    }

    /// Removes the extent that begins at an offset.
    mutating func remove(at offset: UInt64) {
        guard let slot = slots[offset], slot.value != nil else { return }
        slots[offset] = slot.changed(to: nil)
        offsets.remove(at: index(of: offset))
    }

    /// Where an offset is, or would be.
    private func index(of offset: UInt64) -> Int {
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
