import CRingFUSE
import FUSEProtocol
import Ring
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Reads the kernel's INIT and answers it.
///
/// INIT always comes through /dev/fuse. Nothing else comes before it is answered.
struct Handshake {
    /// The number of the INIT request that is to be answered.
    let unique: UInt64
    /// What the kernel offers.
    let request: InitRequest

    /// Waits for INIT.
    ///
    /// - Parameters:
    ///   - device: the connection.
    ///   - wishes: needed for kernels of another major version, which are told ours first.
    /// - Throws: ``SessionError/handshake(_:)`` where the mount went away or the kernel is too old or too new.
    static func receive(from device: FileDescriptor, wishes: ServerWishes) throws(SessionError) -> Handshake {
        // A kernel that speaks another major version gets two tries to come down to ours.
        for _ in 0..<2 {
            let handshake = try readInit(from: device)
            switch InitNegotiation(request: handshake.request, wishes: wishes) {
            case .reply:
                return handshake
            case .newerMajor(let reply):
                try handshake.send(reply, to: device)
            case .olderMajor, .olderMinor:
                handshake.refuse(on: device)
                throw .handshake(
                    "the kernel speaks FUSE \(handshake.request.major).\(handshake.request.minor); "
                        + "7.\(InitNegotiation.oldestMinor) (Linux 3.15) is needed")
            }
        }
        throw .handshake("the kernel insists on a FUSE version that is not 7")
    }

    private static func readInit(from device: FileDescriptor) throws(SessionError) -> Handshake {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * Int(FUSE_MIN_READ_BUFFER), alignment: 8)
        defer { unsafe bytes.deallocate() }
        var length: Int
        repeat {
            length = unsafe read(device.rawValue, bytes.baseAddress, bytes.count)
        } while length < 0 && errno == EINTR
        guard length >= 0 else {
            throw .handshake("the mount went away before it was served: \(Errno(rawValue: errno))")
        }
        let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        guard
            let request = try? DeviceRequest(span, minor: 0, hasExtendedSetXattr: false),
            request.header.opcode == Opcode.initialize.rawValue,
            let initial = try? InitRequest(request.argument)
        else { throw .handshake("the kernel's first message is not INIT") }
        return Handshake(unique: request.header.unique, request: initial)
    }

    /// Answers INIT. From here on the kernel sends requests.
    ///
    /// - Returns: what was agreed.
    func accept(_ wishes: ServerWishes, on device: FileDescriptor) throws(SessionError) -> NegotiatedSession {
        guard case .reply(let reply, let agreed) = InitNegotiation(request: request, wishes: wishes)
        else { preconditionFailure("`receive` returns what can be answered") }
        try send(reply, to: device)
        return agreed
    }

    /// What would be agreed.
    func preview(_ wishes: ServerWishes) -> NegotiatedSession {
        guard case .reply(_, let agreed) = InitNegotiation(request: request, wishes: wishes)
        else { preconditionFailure("`receive` returns what can be answered") }
        return agreed
    }

    /// Answers INIT with an error: the mount fails.
    func refuse(on device: FileDescriptor) {
        _ = write(ReplyHeader(unique: unique, errno: EPROTO), nil, to: device)
    }

    private func send(_ reply: InitReply, to device: FileDescriptor) throws(SessionError) {
        let header = ReplyHeader(unique: unique, payloadByteCount: reply.byteCount)
        guard write(header, reply, to: device) else {
            throw .handshake("the kernel refused the answer to INIT: \(Errno(rawValue: errno))")
        }
    }

    private func write(_ header: ReplyHeader, _ reply: InitReply?, to device: FileDescriptor) -> Bool {
        unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { bytes in
            var output = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
            // 16 and at most 64 bytes.
            guard (try? header.encode(into: &output)) != nil else { return false }
            if let reply { guard (try? reply.encode(into: &output)) != nil else { return false } }
            let count = output.byteCount
            return unsafe Glibc.write(device.rawValue, bytes.baseAddress, count) == count
        }
    }
}
