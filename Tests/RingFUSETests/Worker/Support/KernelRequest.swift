import FUSEProtocol
import TestSupport

/// A request as the kernel puts it on the ring or the device.
struct KernelRequest: Sendable {
    /// Raw opcode.
    var opcode: UInt32
    /// The kernel's number.
    var unique: UInt64
    /// The node it is about.
    var node: UInt64 = 1
    /// The fixed part.
    var argument: [UInt8] = []
    /// Names and data.
    var payload: [UInt8] = []
    /// Bytes of extensions at the end of the payload.
    var extensionLength = 0
    /// The caller's thread.
    var processID: UInt32 = 4242

    /// The bytes of one read of /dev/fuse.
    var message: [UInt8] {
        RequestBuilder.message(
            opcode: opcode,
            argument: argument,
            payload: payload,
            extensionLength: extensionLength,
            unique: unique,
            node: node,
            processID: processID
        )
    }

    /// `fuse_in_header`.
    var header: [UInt8] { Array(message.prefix(40)) }

    /// GETATTR without a handle.
    static func attributes(_ unique: UInt64, of node: UInt64) -> KernelRequest {
        KernelRequest(
            opcode: Opcode.getAttributes.rawValue,
            unique: unique,
            node: node,
            argument: [UInt8](repeating: 0, count: 16)
        )
    }

    /// READ of `size` bytes at the start of a file.
    static func read(_ unique: UInt64, of node: UInt64, size: UInt32) -> KernelRequest {
        let argument = RequestBuilder()
            .adding(UInt64(1)).adding(UInt64(0)).adding(size).adding(UInt32(0)).adding(UInt64(0))
            .adding(UInt32(0)).adding(UInt32(0))
        return KernelRequest(
            opcode: Opcode.read.rawValue,
            unique: unique,
            node: node,
            argument: argument.octets
        )
    }

    /// WRITE of `data` at the start of a file.
    ///
    /// - Parameter flags: `write_flags`.
    static func write(_ unique: UInt64, to node: UInt64, _ data: [UInt8], flags: UInt32 = 0) -> KernelRequest {
        let argument = RequestBuilder()
            .adding(UInt64(1)).adding(UInt64(0)).adding(UInt32(data.count)).adding(flags).adding(UInt64(0))
            .adding(UInt32(0)).adding(UInt32(0))
        return KernelRequest(
            opcode: Opcode.write.rawValue,
            unique: unique,
            node: node,
            argument: argument.octets,
            payload: data
        )
    }

    /// FORGET.
    static func forget(_ unique: UInt64, _ node: UInt64, lookups: UInt64) -> KernelRequest {
        KernelRequest(
            opcode: Opcode.forget.rawValue,
            unique: unique,
            node: node,
            argument: RequestBuilder().adding(lookups).octets
        )
    }

    /// BATCH_FORGET of nodes with their lookups.
    static func forget(_ unique: UInt64, batch: [(node: UInt64, lookups: UInt64)]) -> KernelRequest {
        var payload = RequestBuilder()
        for one in batch { payload = payload.adding(one.node).adding(one.lookups) }
        return KernelRequest(
            opcode: Opcode.batchForget.rawValue,
            unique: unique,
            node: 0,
            argument: RequestBuilder().adding(UInt32(batch.count)).adding(UInt32(0)).octets,
            payload: payload.octets
        )
    }

    /// INTERRUPT of another request; its own number is the target's with a bit set.
    static func interrupt(_ target: UInt64) -> KernelRequest {
        KernelRequest(
            opcode: Opcode.interrupt.rawValue,
            unique: target | 1,
            node: 0,
            argument: RequestBuilder().adding(target).octets
        )
    }

    /// INIT of a kernel of this version, offering these flags.
    static func initialize(major: UInt32 = 7, minor: UInt32, flags: InitFlags = []) -> KernelRequest {
        var flags = flags
        if minor >= 36 { flags.insert(.extendedInit) }
        var argument = RequestBuilder()
            .adding(major).adding(minor).adding(UInt32(131_072)).adding(UInt32(truncatingIfNeeded: flags.rawValue))
        if minor >= 36 {
            argument = argument.adding(UInt32(truncatingIfNeeded: flags.rawValue >> 32))
                .adding(octets: [UInt8](repeating: 0, count: 44))
        }
        return KernelRequest(
            opcode: Opcode.initialize.rawValue,
            unique: 2,
            node: 0,
            argument: argument.octets
        )
    }
}

/// A reply as the kernel got it.
struct KernelReply: Equatable, Sendable {
    /// Names the request.
    var unique: UInt64
    /// 0 or a negated errno.
    var error: Int32
    /// What followed the header.
    var payload: [UInt8] = []

    /// The size that an answer to GETATTR tells; the backend of the tests makes it the request's number.
    var size: UInt64? {
        guard payload.count == 104 else { return nil }
        return payload[24..<32].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
