import FUSEProtocol
import RingFUSE
import TestSupport

/// A request as it lies in a ring's entry: header, argument, and a payload that the reply overwrites.
///
/// Its memory lives as long as the process.
@safe
struct Message {
    /// Bytes of payload.
    static let capacity = 8192
    private static let argumentOffset = 128
    private static let payloadOffset = 4096

    /// All of it.
    private let memory: UnsafeMutableRawPointer
    private let argumentCount: Int
    private let payloadCount: Int

    init(_ opcode: Opcode, node: UInt64 = 1, argument: [UInt8] = [], payload: [UInt8] = []) {
        let head = RequestBuilder.message(opcode: opcode.rawValue, argument: argument, payload: payload, node: node)
        unsafe memory = .allocate(byteCount: Self.payloadOffset + Self.capacity, alignment: 4096)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.payloadOffset + Self.capacity)
        argumentCount = argument.count
        payloadCount = payload.count
        for index in 0..<40 { unsafe memory.storeBytes(of: head[index], toByteOffset: index, as: UInt8.self) }
        for (index, octet) in argument.enumerated() {
            unsafe memory.storeBytes(of: octet, toByteOffset: Self.argumentOffset + index, as: UInt8.self)
        }
        for (index, octet) in payload.enumerated() {
            unsafe memory.storeBytes(of: octet, toByteOffset: Self.payloadOffset + index, as: UInt8.self)
        }
    }

    /// READ of a page.
    static func read(of node: UInt64) -> Message {
        Message(
            .read, node: node,
            argument: RequestBuilder().adding(UInt64(1)).adding(UInt64(8192)).adding(UInt32(4096)).adding(UInt32(0))
                .adding(UInt64(0)).adding(UInt32(0o100000)).adding(UInt32(0)).octets)
    }

    /// WRITE of a page.
    static func write(of node: UInt64) -> Message {
        Message(
            .write, node: node,
            argument: RequestBuilder().adding(UInt64(1)).adding(UInt64(8192)).adding(UInt32(4096)).adding(UInt32(0))
                .adding(UInt64(0)).adding(UInt32(0o100001)).adding(UInt32(0)).octets,
            payload: Array(repeating: 7, count: 4096))
    }

    /// LOOKUP in the root.
    static func lookUp(_ name: String) -> Message {
        Message(.lookUp, payload: RequestBuilder().adding(name: name).octets)
    }

    /// CREATE in the root.
    static func create(_ name: String) -> Message {
        Message(
            .create,
            argument: RequestBuilder().adding(UInt32(0o101)).adding(UInt32(0o100644)).adding(UInt32(0o22))
                .adding(UInt32(0)).octets,
            payload: RequestBuilder().adding(name: name).octets)
    }

    /// The header's bytes.
    var header: RawSpan {
        @_lifetime(borrow self)
        get { span(at: 0, count: RequestHeader.byteCount) }
    }

    /// The argument's bytes.
    var argument: RawSpan {
        @_lifetime(borrow self)
        get { span(at: Self.argumentOffset, count: argumentCount) }
    }

    /// The payload's bytes.
    var payload: RawSpan {
        @_lifetime(borrow self)
        get { span(at: Self.payloadOffset, count: payloadCount) }
    }

    /// The request as a dispatcher gets it from the ring.
    var frame: RequestFrame {
        let memory = unsafe opaque(memory)
        let payload = unsafe memory + Self.payloadOffset
        return unsafe RequestFrame(
            header: memory,
            argument: UnsafeRawBufferPointer(start: memory + Self.argumentOffset, count: 128),
            payload: UnsafeRawBufferPointer(start: payload, count: payloadCount),
            reply: UnsafeMutableRawBufferPointer(start: payload, count: Self.capacity),
            scratch: UnsafeMutableRawBufferPointer(start: memory + 512, count: 512),
            // Behind the kernel's part of the header page, as in an entry.
            dirty: DirtyExtent(memory + 304))
    }

    /// Puts the first eight bytes of the payload back: the name, which replies overwrite.
    func restore(_ start: UInt64) {
        unsafe memory.storeBytes(of: start, toByteOffset: Self.payloadOffset, as: UInt64.self)
    }

    /// The first eight bytes of the payload.
    var start: UInt64 { unsafe memory.load(fromByteOffset: Self.payloadOffset, as: UInt64.self) }

    /// Copies header and argument to an entry of a ring, as the kernel does.
    @unsafe
    func copy(to target: UnsafeMutableRawPointer) {
        unsafe target.copyMemory(from: memory, byteCount: Self.argumentOffset + argumentCount)
    }

    @_lifetime(borrow self)
    private func span(at offset: Int, count: Int) -> RawSpan {
        let bytes = unsafe RawSpan(_unsafeStart: opaque(memory) + offset, byteCount: count)
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }
}
