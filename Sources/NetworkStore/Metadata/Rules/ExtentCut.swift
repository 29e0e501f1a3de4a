internal import RingFUSE
internal import SystemPackage

extension Extent {
    /// The part of it that lies in a range of the file; `nil` for none.
    func part(in wanted: Range<UInt64>) -> Extent? {
        let common = range.clamped(to: wanted)
        guard !common.isEmpty else { return nil }
        guard common != range else { return self }
        let skipped = common.lowerBound - offset
        let length = common.length
        let place: Place
        switch self.place {
        case .object(let number, let start): place = .object(number, offset: start + skipped)
        case .inline(let bytes): place = .inline(ContiguousArray(bytes[Int(skipped)..<Int(skipped + length)]))
        case .zeros: place = .zeros
        }
        return Extent(offset: common.lowerBound, length: length, place: place)
    }

    /// What is left of it where a range of the file is cut out: up to two parts.
    func parts(outside cut: Range<UInt64>) -> [Extent] {
        guard cut.overlaps(range) else { return [self] }
        let before = part(in: offset..<max(offset, cut.lowerBound))
        let after = part(in: min(cut.upperBound, range.upperBound)..<range.upperBound)
        return [before, after].compactMap { $0 }
    }

    /// The same bytes elsewhere in a file.
    func moved(to offset: UInt64) -> Extent { Extent(offset: offset, length: length, place: place) }

    /// Whether it holds bytes that were written.
    var isData: Bool { place != .zeros }

    /// Checks that it is one.
    ///
    /// - Throws: `EFBIG` beyond the largest file; `EINVAL` for no bytes, or as many inline ones as it does not say.
    func check() throws(Errno) {
        try NodeRow.check(offset, length)
        guard length > 0 else { throw .invalidArgument }
        if case .inline(let bytes) = place, UInt64(bytes.count) != length { throw .invalidArgument }
        if case .object(_, let start) = place { try NodeRow.check(start, length) }
    }
}

extension Range<UInt64> {
    /// Bytes. (`count` traps beyond `Int.max`.)
    var length: UInt64 { upperBound - lowerBound }
}

extension NodeRow {
    /// Checks that a range lies within the largest file.
    ///
    /// - Throws: `EFBIG`.
    static func check(_ offset: UInt64, _ length: UInt64) throws(Errno) {
        guard offset <= largestSize, length <= largestSize - offset else { throw .fileTooLarge }
    }
}
