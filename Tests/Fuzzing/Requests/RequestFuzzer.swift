import FUSEProtocol
import TestSupport

/// Takes apart bytes as if the kernel had sent them, and decodes what they say they are.
///
/// The first byte is the minor version agreed on, and in its highest bit whether SETXATTR is the longer one.
///
/// libFuzzer brings the `main` that calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func decodeMessage(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data = unsafe data, count > 0 else { return 0 }
    let settings = unsafe data[0]
    // A copy of just that size, so that the address sanitizer sees a read beyond it.
    let octets = unsafe [UInt8](UnsafeBufferPointer(start: data + 1, count: count - 1))
    do throws(WireError) {
        let request = try DeviceRequest(
            raw(octets), minor: UInt32(settings & 0x7f), hasExtendedSetXattr: settings & 0x80 != 0)
        precondition(RequestHeader.byteCount + request.argument.byteCount + request.payload.byteCount == octets.count)
        guard let opcode = Opcode(rawValue: request.header.opcode) else { return 0 }
        try decode(
            opcode,
            argument: array(request.argument),
            payload: array(request.payload),
            extensionLength: request.header.extensionLength)
    } catch {
        // Refused: as it should be.
    }
    return 0
}
