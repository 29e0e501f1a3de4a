/// How an object is divided into parts, of which there may be 10,000.
struct PartSizes: Sendable, Hashable {
    /// Bytes of the first parts.
    var first = 8 << 20
    /// Bytes of the largest part: as much as there is memory for.
    var largest = 64 << 20

    /// Bytes of the smallest part but for the last.
    static let least = 5 << 20
    /// The most parts of an object.
    static let limit = 10_000
    /// Parts after which their size doubles.
    private static let stride = 1000

    /// Bytes of a part.
    ///
    /// - Parameter number: its place, from 1 on.
    func size(of number: Int) -> Int {
        let doublings = (number - 1) / Self.stride
        let limit = max(first, largest)
        return doublings < 20 ? min(limit, first << doublings) : limit
    }

    /// Bytes of the largest object.
    var largestObject: UInt64 {
        (1...Self.limit).reduce(0) { $0 + UInt64(size(of: $1)) }
    }

    /// The ranges in which an object is copied: equal ones of a GiB at the most, none of which is too small for a part.
    static func copies(of size: UInt64) -> [Range<UInt64>] {
        guard size > 0 else { return [] }
        let count = (size - 1) / (1 << 30) + 1
        let step = (size - 1) / count + 1
        return (0..<count).map { min(size, $0 * step)..<min(size, ($0 + 1) * step) }
    }
}
