@testable import NetworkStore

/// Reads bytes as what a server of objects may send: the head of a response, and the XML of listings and errors.
///
/// What comes out of a head must not depend on where it was cut, nor reach beyond what came in.
///
/// libFuzzer brings the `main` that calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func readAnswer(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data = unsafe data, count > 0 else { return 0 }
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    checkHead(bytes)
    _ = XMLReader.fields(of: "Error", in: bytes)
    if let listing = try? S3Listing(bytes) {
        precondition(listing.objects.count <= bytes.count / 8, "more objects than there is room for")
    }
    return 0
}

/// Stops where a head is read otherwise when it comes in two pieces.
func checkHead(_ bytes: [UInt8]) {
    guard let head = try? ResponseHead.parse(bytes.span) else { return }
    precondition(head.byteCount <= bytes.count && head.byteCount >= 16, "a head that is not there")
    precondition((100...599).contains(head.status))
    precondition(!(head.isChunked && head.contentLength != nil), "two lengths")
    if let range = head.contentRange { precondition(range.first <= range.last) }
    let whole = Array(bytes[..<head.byteCount])
    precondition((try? ResponseHead.parse(whole.span)) == head, "what follows a head changes it")
    let part = whole.dropLast(1 + Int(bytes[0]) % (whole.count - 1))
    let cut = Array(part)
    precondition(isUnfinished(cut), "a head that ends before its end, or is refused when it comes in pieces")
}

/// Whether a head is to go on after these bytes.
func isUnfinished(_ bytes: [UInt8]) -> Bool {
    do throws(ResponseFault) {
        return try ResponseHead.parse(bytes.span) == nil
    } catch {
        return false
    }
}
