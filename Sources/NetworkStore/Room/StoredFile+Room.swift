extension StoredFile.State {
    /// Bytes of a range that have no place yet, and would take room: neither written, nor on their way, nor committed. As many as
    /// there are where it is not known what is committed.
    ///
    /// - Complexity: O(runs in the range × uploads).
    func growth(in range: Range<UInt64>) -> UInt64 {
        var growth: UInt64 = 0
        forEachPart(of: range) { part, hasPlace in
            if !hasPlace { growth += part.length }
            return true
        }
        return growth
    }

    /// The longest part of a range, from its start on, that takes no more room than so much.
    func prefix(of range: Range<UInt64>, growingBy limit: UInt64) -> Range<UInt64> {
        var (end, left) = (range.lowerBound, limit)
        forEachPart(of: range) { part, hasPlace in
            let isWhole = hasPlace || part.length <= left
            end = isWhole ? part.upperBound : part.lowerBound + left
            if !hasPlace { left -= min(left, part.length) }
            return isWhole
        }
        return range.lowerBound..<end
    }

    /// Goes through the parts of a range that have a place and those that have none, until `body` returns `false`.
    private func forEachPart(of range: Range<UInt64>, _ body: (Range<UInt64>, Bool) -> Bool) {
        var position = range.lowerBound
        while position < range.upperBound {
            let (hasPlace, end) = place(at: position)
            let part = position..<min(end, range.upperBound)
            guard body(part, hasPlace) else { return }
            position = part.upperBound
        }
    }

    /// Whether a byte has a place, and up to where that is so.
    private func place(at offset: UInt64) -> (hasPlace: Bool, end: UInt64) {
        let found = dirty.bytes(at: offset)
        if found.block != nil { return (true, found.end) }
        var end = found.end
        for upload in uploads {
            let found = upload.content.bytes(at: offset)
            end = min(end, found.end)
            if found.block != nil { return (true, end) }
        }
        guard let extents, !extentsAreOld else { return (false, end) }
        let committed = extents.extent(at: offset)
        return (committed.extent != nil, min(end, committed.end))
    }
}
