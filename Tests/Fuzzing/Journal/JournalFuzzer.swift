@testable import NetworkStore

/// Reads bytes as what a disk may give back of a journal: as a segment, and as the bodies of records whose checksums are right, since
/// made-up bytes have none that are.
///
/// What is read must be within what there is, and must be read the same when it is written again.
///
/// libFuzzer brings the `main` that calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func readJournal(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data = unsafe data, count > 0 else { return 0 }
    let bytes = unsafe ContiguousArray(UnsafeBufferPointer(start: data, count: count))
    _ = JournalSegment(bytes, key: nil)
    let bodies = bodies(in: bytes)
    // What older versions have written is read, too.
    for format in 1...JournalSegment.Header.newest { check(bodies, format, Int(bytes[0])) }
    return 0
}

/// Stops where a segment with some bodies is not read as it is, or as a crash, a disk, or another segment leaves it.
private func check(_ bodies: [Body], _ format: UInt32, _ chance: Int) {
    let whole = segment(header(1, format), bodies)
    let start = JournalSegment.Header.size
    check(whole, of: bodies.count)
    check(ContiguousArray(whole.prefix(start + chance * (whole.count - start) / 256)), of: nil)
    var damaged = whole
    damaged[start + (chance * 251) % (whole.count - start)] ^= 1
    check(damaged, of: nil)
    guard format > 1 else { return }
    let foreign = JournalSegment(header(2, format).bytes + whole.dropFirst(start), key: nil)
    precondition(foreign?.records.isEmpty == true, "records of another segment are taken")
}

/// The header of a segment.
private func header(_ number: UInt64, _ format: UInt32) -> JournalSegment.Header {
    var header = JournalSegment.Header(
        volume: String(repeating: "0", count: 32), journal: String(repeating: "f", count: 32), generation: 1,
        number: number)
    header.version = format
    return header
}

/// A body, and what is to be before it.
private struct Body {
    let kind: UInt16
    let flags: UInt16
    let bytes: ArraySlice<UInt8>
}

/// Bodies of records: of each a byte tells the kind and whether there are flags, and one how many bytes there are; the last one has the rest.
private func bodies(in bytes: ContiguousArray<UInt8>) -> [Body] {
    var result: [Body] = []
    var rest = ArraySlice(bytes)
    repeat {
        let (first, length) = (rest.first ?? 0, Int(rest.dropFirst().first ?? 0))
        rest = rest.dropFirst(2)
        let body = length == 255 ? rest : rest.prefix(length)
        rest = rest.dropFirst(body.count)
        result.append(Body(kind: UInt16(first % 5), flags: UInt16(first >> 7), bytes: body))
    } while !rest.isEmpty
    return result
}

/// A segment with records as ``JournalRecord`` writes them, of any kind.
private func segment(_ header: JournalSegment.Header, _ bodies: [Body]) -> ContiguousArray<UInt8> {
    var bytes = header.bytes
    let binding = JournalBinding(header)
    for body in bodies {
        var record = ContiguousArray<UInt8>()
        record.append(number: body.kind)
        record.append(number: body.flags)
        record.append(number: checksum(ContiguousArray(body.bytes)))
        record.append(number: UInt64(body.bytes.count))
        record.append(number: UInt64(body.kind))
        record.append(number: UInt64(0))
        let bound = binding.checksum(of: record, at: UInt64(bytes.count))
        bytes.append(number: 0x724a_4652 as UInt32)
        bytes.append(number: bound)
        bytes += record + body.bytes
    }
    return bytes
}

private func checksum(_ bytes: ContiguousArray<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe Checksum.crc32c($0) }
}

/// Stops where a segment is not read as it is.
///
/// - Parameter count: how many records it has, all whole; `nil` where some may not be.
private func check(_ bytes: ContiguousArray<UInt8>, of count: Int?) {
    guard let segment = JournalSegment(bytes, key: nil) else { preconditionFailure("the header is not read") }
    let start = JournalSegment.Header.size
    precondition(segment.torn >= 0 && segment.torn <= bytes.count - start, "more is torn than there is")
    for range in segment.damage {
        precondition(range.lowerBound >= start && range.upperBound <= bytes.count, "damage where nothing is")
    }
    if let count {
        precondition(segment.torn == 0, "a whole record is taken for a torn one")
        precondition(segment.records.count + segment.damage.count == count, "a record is missed")
    }
    for (_, record) in segment.records {
        guard case .change(let change, let content) = record else { continue }
        precondition(change.byteCount == UInt64(content.count), "ranges of other bytes than there are")
        var again = ContiguousArray<UInt8>()
        change.append(to: &again)
        again += content
        var reader = JournalReader(ArraySlice(again))
        precondition(JournalChange(&reader) == change && reader.rest == content, "it is written otherwise than read")
    }
}
