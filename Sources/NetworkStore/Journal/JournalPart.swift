/// Records that are to be written to a segment, one after another, and where.
struct JournalPart {
    /// What ties them to the segment.
    let binding: JournalBinding
    /// Where in the segment they begin.
    let start: UInt64
    /// What is to be written.
    var bytes = ContiguousArray<UInt8>()

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - header: the segment's.
    ///   - start: its end so far.
    init(of header: JournalSegment.Header, at start: UInt64) {
        binding = JournalBinding(header)
        self.start = start
    }

    /// Where the next record begins.
    var end: UInt64 { start + UInt64(bytes.count) }
}
