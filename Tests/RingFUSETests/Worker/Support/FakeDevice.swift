import CRingFUSE
import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// A socket that stands for /dev/fuse: one request a read, one reply a write, message boundaries kept.
@safe
final class FakeDevice: Sendable {
    /// Where the tests play the kernel.
    let kernelSide: FileDescriptor
    /// What the server takes for its device.
    let serverSide: FileDescriptor

    /// A reply to a peer that is gone must be an error, not a signal.
    private static let ignoresPipeSignal: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// A connected pair.
    ///
    /// - Parameter isBlocking: whether the server's reads sleep.
    init(isBlocking: Bool = false) throws {
        Self.ignoresPipeSignal
        var pair: (Int32, Int32) = (-1, -1)
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let made = unsafe withUnsafeMutableBytes(of: &pair) { bytes in
            unsafe socketpair(AF_UNIX, type, 0, bytes.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        try #require(made == 0)
        kernelSide = FileDescriptor(rawValue: pair.0)
        serverSide = FileDescriptor(rawValue: pair.1)
        for file in [pair.0, pair.1] {
            var size: Int32 = 4 << 20
            _ = unsafe setsockopt(file, SOL_SOCKET, SO_SNDBUF, &size, 4)
        }
        if !isBlocking { _ = fcntl(pair.1, F_SETFL, O_RDWR | O_NONBLOCK) }
    }

    deinit {
        try? kernelSide.close()
        try? serverSide.close()
    }

    /// Sends a request.
    func send(_ request: KernelRequest) throws { try send(request.message) }

    /// Sends any bytes.
    func send(_ bytes: [UInt8]) throws {
        let sent = try unsafe bytes.withUnsafeBytes { unsafe try kernelSide.write($0) }
        try #require(sent == bytes.count)
    }

    /// The next reply; `nil` where none has come in time.
    func reply(within milliseconds: Int32 = 0) throws -> KernelReply? {
        guard let bytes = try message(within: milliseconds) else { return nil }
        try #require(bytes.count >= 16)
        func integer<Value: FixedWidthInteger>(_ range: Range<Int>) -> Value {
            bytes[range].reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
        }
        let length: UInt32 = integer(0..<4)
        try #require(Int(length) == bytes.count)
        return KernelReply(unique: integer(8..<16), error: integer(4..<8), payload: Array(bytes[16...]))
    }

    /// The bytes of one write; `nil` where none has come in time.
    func message(within milliseconds: Int32 = 0) throws -> [UInt8]? {
        var polled = pollfd(fd: kernelSide.rawValue, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, milliseconds) == 1, polled.revents & Int16(POLLIN) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try kernelSide.read(into: $0) }
        return count == 0 ? nil : Array(bytes[..<count])
    }

    /// All replies that are there.
    func replies() throws -> [KernelReply] {
        var all: [KernelReply] = []
        while let reply = try reply() { all.append(reply) }
        return all
    }

    /// Ends the connection.
    func disconnect() { _ = shutdown(kernelSide.rawValue, Int32(SHUT_RDWR)) }
}
