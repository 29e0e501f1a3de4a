import FUSEProtocol
import RingFUSE
import TestSupport

/// The memory of one entry, each part an allocation of its own: the address sanitizer sees any step beyond it.
@safe
final class EntryMemory {
    private static let argumentCapacity = 128

    private let header: UnsafeMutableRawBufferPointer
    private let argument: UnsafeMutableRawBufferPointer
    private let payload: UnsafeMutableRawBufferPointer
    private let scratch: UnsafeMutableRawBufferPointer
    private let dirty: UnsafeMutableRawBufferPointer

    /// Memory for one request and its reply; sizes in bytes.
    init(payloadCapacity: Int, scratchSize: Int) {
        unsafe header = .allocate(byteCount: RequestHeader.byteCount, alignment: 8)
        unsafe argument = .allocate(byteCount: Self.argumentCapacity, alignment: 8)
        unsafe payload = .allocate(byteCount: payloadCapacity, alignment: 4096)
        unsafe scratch = .allocate(byteCount: scratchSize, alignment: 8)
        unsafe dirty = .allocate(byteCount: DirtyExtent.byteCount, alignment: 4)
        unsafe dirty.initializeMemory(as: UInt8.self, repeating: 0)
        // The ring's areas keep what earlier requests left.
        unsafe argument.initializeMemory(as: UInt8.self, repeating: 0xa5)
    }

    deinit {
        unsafe header.deallocate()
        unsafe argument.deallocate()
        unsafe payload.deallocate()
        unsafe scratch.deallocate()
        unsafe dirty.deallocate()
    }

    /// Puts a request where the ring puts it; `nil` where it has no room.
    func fill(_ request: ScriptedRequest) -> RequestFrame? {
        guard unsafe request.payload.count <= payload.count, request.argument.count <= Self.argumentCapacity
        else { return nil }
        let message = RequestBuilder.message(
            opcode: request.opcode, argument: request.argument, payload: request.payload,
            extensionLength: request.extensionLength, node: request.node,
            userID: request.settings & 1 == 0 ? 0 : 1000)
        unsafe header.copyBytes(from: message[..<RequestHeader.byteCount])
        unsafe argument.copyBytes(from: request.argument)
        unsafe payload.copyBytes(from: request.payload)
        guard let start = unsafe header.baseAddress else { return nil }
        return unsafe RequestFrame(
            header: UnsafeRawPointer(start),
            argument: UnsafeRawBufferPointer(argument),
            payload: UnsafeRawBufferPointer(rebasing: payload[..<request.payload.count]),
            reply: payload,
            scratch: scratch,
            dirty: DirtyExtent(dirty.baseAddress.unsafelyUnwrapped))
    }
}
