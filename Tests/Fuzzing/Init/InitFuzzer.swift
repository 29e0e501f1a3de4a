import FUSEProtocol
import TestSupport

/// Reads bytes as INIT and negotiates with wishes that the first 16 of them make up.
///
/// Whatever comes out must be something that buffers can be sized after.
///
/// libFuzzer brings the `main` that calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func negotiate(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data = unsafe data, count >= 16 else { return 0 }
    let octets = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    func word(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(octets[offset + $1]) << UInt32(8 * $1) }
    }
    var wishes = ServerWishes(
        flags: InitFlags(rawValue: UInt64(word(0)) << 32 | UInt64(word(4))),
        maxWrite: word(8),
        maxPages: UInt16(truncatingIfNeeded: word(12)),
        maxReadahead: word(8) &* 31,
        maxBackground: UInt16(word(12) >> 16),
        pageSize: 4096 << Int(octets[0] & 4))
    wishes.requestTimeout = UInt16(truncatingIfNeeded: word(4))
    wishes.congestionThreshold = octets[1] & 1 == 0 ? nil : UInt16(truncatingIfNeeded: word(0))
    let message = Array(octets[16...])
    guard let request = try? InitRequest(raw(message)) else { return 0 }
    switch InitNegotiation(request: request, wishes: wishes) {
    case .reply(let reply, let agreed):
        check(reply, agreed, against: request, wishes)
    case .newerMajor(let reply):
        precondition((try? encoded { (output) throws(WireError) in try reply.encode(into: &output) }) != nil)
    case .olderMajor, .olderMinor:
        break
    }
    return 0
}

/// Stops where the answer to INIT promises what was not offered, or sizes that no buffer has.
func check(_ reply: InitReply, _ agreed: NegotiatedSession, against request: InitRequest, _ wishes: ServerWishes) {
    precondition(reply.minor <= request.minor)
    precondition(agreed.flags.subtracting(.extendedInit).isSubset(of: request.flags))
    precondition(agreed.maxReadahead <= request.maxReadahead)
    precondition(agreed.maxWrite >= 4096)
    precondition(agreed.payloadCapacity >= max(8192, Int(agreed.maxWrite)))
    precondition(agreed.payloadCapacity <= max(8192, Int(UInt16.max) * wishes.pageSize))
    let octets = try? encoded { (output) throws(WireError) in try reply.encode(into: &output) }
    precondition(octets?.count == reply.byteCount)
}
