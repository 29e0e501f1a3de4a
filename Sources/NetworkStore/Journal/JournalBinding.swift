internal import RingFUSE

/// What ties a record to where it is: the segment, and the place in that. The checksum of a record's header counts it, so that one that
/// got elsewhere is none there: a file that was copied over another, what is left below a torn end, a journal that is the content of a file.
struct JournalBinding: Hashable, Sendable {
    /// The checksum of the segment's header, which is of the volume, the journal, the time of the mount and the number; `nil` where
    /// records are not bound.
    private let segment: UInt32?

    /// What ties records to a segment. Those of format 1 are not.
    init(_ header: JournalSegment.Header) { segment = header.version == 1 ? nil : header.checksum }

    /// The checksum of a record's header, but for what comes before it there.
    ///
    /// - Parameters:
    ///   - header: what it is of.
    ///   - offset: where in the segment the record begins.
    func checksum(of header: some Sequence<UInt8>, at offset: UInt64) -> UInt32 {
        var bytes = ContiguousArray<UInt8>()
        bytes.reserveCapacity(MemoryLayout<UInt32>.size + MemoryLayout<UInt64>.size + JournalRecord.headerSize)
        if let segment {
            bytes.append(number: segment)
            bytes.append(number: offset)
        }
        bytes += header
        return unsafe bytes.withUnsafeBytes { unsafe Checksum.crc32c($0) }
    }
}
