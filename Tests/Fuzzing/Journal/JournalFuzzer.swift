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
    let records = bodies(in: bytes).map { record($0.kind, $0.flags, $0.body) }
    let whole = header + records.joined()
    check(whole, of: records.count)
    // What a crash leaves of it.
    check(ContiguousArray(whole.prefix(header.count + Int(bytes[0]) * (whole.count - header.count) / 256)), of: nil)
    // What a disk makes of it.
    var damaged = whole
    damaged[header.count + (Int(bytes[0]) * 251) % (whole.count - header.count)] ^= 1
    check(damaged, of: nil)
    return 0
}

/// The header of a segment.
private let header = JournalSegment.Header(
    volume: String(repeating: "0", count: 32), journal: String(repeating: "f", count: 32), generation: 1, number: 1
).bytes

/// Bodies of records: of each a byte tells the kind and whether there are flags, and one how many bytes there are; the last one has the rest.
private func bodies(in bytes: ContiguousArray<UInt8>) -> [(kind: UInt16, flags: UInt16, body: ArraySlice<UInt8>)] {
    var result: [(kind: UInt16, flags: UInt16, body: ArraySlice<UInt8>)] = []
    var rest = ArraySlice(bytes)
    repeat {
        let (first, length) = (rest.first ?? 0, Int(rest.dropFirst().first ?? 0))
        rest = rest.dropFirst(2)
        let body = length == 255 ? rest : rest.prefix(length)
        rest = rest.dropFirst(body.count)
        result.append((UInt16(first % 5), UInt16(first >> 7), body))
    } while !rest.isEmpty
    return result
}

/// A record as ``JournalRecord`` writes it, of any kind.
private func record(_ kind: UInt16, _ flags: UInt16, _ body: ArraySlice<UInt8>) -> ContiguousArray<UInt8> {
    var header = ContiguousArray<UInt8>()
    header.append(number: kind)
    header.append(number: flags)
    header.append(number: checksum(ContiguousArray(body)))
    header.append(number: UInt64(body.count))
    header.append(number: UInt64(kind))
    header.append(number: UInt64(0))
    var bytes = ContiguousArray<UInt8>()
    bytes.append(number: 0x724a_4652 as UInt32)
    bytes.append(number: checksum(header))
    return bytes + header + body
}

private func checksum(_ bytes: ContiguousArray<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe Checksum.crc32c($0) }
}

/// Stops where a segment is not read as it is.
///
/// - Parameter count: how many records it has, all whole; `nil` where some may not be.
private func check(_ bytes: ContiguousArray<UInt8>, of count: Int?) {
    guard let segment = JournalSegment(bytes, key: nil) else { preconditionFailure("the header is not read") }
    precondition(segment.torn >= 0 && segment.torn <= bytes.count - header.count, "more is torn than there is")
    for range in segment.damage {
        precondition(range.lowerBound >= header.count && range.upperBound <= bytes.count, "damage where nothing is")
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
