/// Notices sequential reading, and says what to fetch before it is asked for: twice as much each time, up to a limit.
struct Readahead {
    /// What was read last.
    private var last: Range<UInt64> = 0..<0
    /// Up to where things have been fetched.
    private var fetched: UInt64 = 0
    /// Bytes to be ahead.
    private var window: UInt64 = 0

    /// What is fetched ahead at first, in bytes.
    private static let firstWindow: UInt64 = 256 << 10

    /// A read was asked for. One that is tried again, once its bytes are there, says nothing new: it follows itself, wherever it is.
    ///
    /// - Parameters:
    ///   - range: what was read.
    ///   - size: the file's.
    ///   - limit: the most bytes ahead; 0 for none.
    /// - Returns: what to fetch now; `nil` for nothing.
    mutating func note(_ range: Range<UInt64>, size: UInt64, limit: UInt64) -> Range<UInt64>? {
        guard range != last else { return nil }
        defer { last = range }
        // Parallel readahead of the kernel's comes a little out of order.
        let slack: UInt64 = 2 << 20
        let isSequential = range.lowerBound <= last.upperBound + slack && range.upperBound + slack >= last.upperBound
        guard isSequential, limit > 0 else {
            window = 0
            fetched = 0
            return nil
        }
        fetched = max(fetched, range.upperBound)
        // Again when half of what is ahead has been used.
        guard fetched - range.upperBound <= window / 2, fetched < size else { return nil }
        window = min(max(window * 2, Self.firstWindow), limit)
        let end = min(size, range.upperBound + window)
        guard end > fetched else { return nil }
        defer { fetched = end }
        return fetched..<end
    }
}
