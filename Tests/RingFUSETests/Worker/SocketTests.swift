import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// Sockets and names of `AsyncIO`, on a ring and without.
@Suite struct SocketTests {
    private static let engines: [BackgroundWorker.Engine] = [.automatic, .threads]

    /// Connects to a listener, on the worker.
    private static func connect(_ loopback: Loopback, _ io: borrowing AsyncIO) async throws(Errno) -> FileDescriptor {
        let socket = try io.socket(domain: AF_INET, type: CInt(SOCK_STREAM.rawValue))
        let address = loopback.address
        try await io.connect(socket, to: RawSpan(_elements: address.span))
        return socket
    }

    /// Runs something that blocks where it keeps no task waiting.
    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) -> Task<Value, any Error> {
        Task { try await DedicatedThread.run(name: "peer") { Result { try body() } }.get() }
    }

    /// A stretch of a stream in which no two places near each other are alike.
    private static func bytes(_ range: Range<Int>) -> [UInt8] {
        let block = (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var all: [UInt8] = []
        while all.count < range.upperBound { all += block }
        return Array(all[range])
    }

    /// Reads a stream to its end with plain calls.
    private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { return all }
            all += buffer[..<count]
        }
    }

    /// Far more than the socket's buffers take: what is sent in two pieces arrives in order, whole.
    @Test(arguments: engines)
    func sendsTwoPieces(_ engine: BackgroundWorker.Engine) async throws {
        let loopback = try Loopback()
        let worker = try BackgroundWorker(engine: engine)
        let reader = Self.onThread {
            let peer = try loopback.accept()
            defer { try? peer.close() }
            return try Self.readAll(peer)
        }
        let (head, body) = (Self.bytes(0..<1000), Self.bytes(1000..<8_000_000))
        try await worker.run { io throws(Errno) in
            let socket = try await Self.connect(loopback, io)
            var sent = 0
            while sent < head.count + body.count {
                if sent < head.count {
                    sent += try await io.send(
                        socket, RawSpan(_elements: head.span).extracting(sent...), RawSpan(_elements: body.span))
                } else {
                    let rest = RawSpan(_elements: body.span).extracting((sent - head.count)...)
                    sent += try await io.send(socket, rest)
                }
            }
            try io.shutDown(socket)
            try await io.close(socket)
        }
        #expect(try await reader.value == head + body)
        await worker.shutDown()
    }

    /// Received where it belongs, with the end of the stream after it.
    @Test(arguments: engines)
    func receives(_ engine: BackgroundWorker.Engine) async throws {
        let loopback = try Loopback()
        let worker = try BackgroundWorker(engine: engine)
        let count = 3_000_000
        let writer = Self.onThread {
            let peer = try loopback.accept()
            try peer.writeAll(Self.bytes(0..<count))
            try peer.close()
        }
        let all = try await worker.run { io throws(Errno) in
            let socket = try await Self.connect(loopback, io)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
            defer { unsafe memory.deallocate() }
            var buffer = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            #expect(try await io.receive(socket, into: &buffer, count: 10, waitsForAll: true) == 10)
            while buffer.freeCapacity > 0 {
                let received = try await io.receive(socket, into: &buffer, waitsForAll: true)
                if received == 0 { break }
            }
            let total = buffer.byteCount
            #expect(try await Self.receive(8, from: socket, io) == [])
            try await io.close(socket)
            return unsafe Array(memory[..<total])
        }
        try await writer.value
        #expect(all == Self.bytes(0..<count))
        await worker.shutDown()
    }

    /// More tasks wait for silent peers than any pool has threads, and others get on; then they are cancelled.
    @Test(arguments: engines)
    func silentPeersKeepNobodyWaiting(_ engine: BackgroundWorker.Engine) async throws {
        let loopback = try Loopback(backlog: 128)
        let worker = try BackgroundWorker(engine: engine)
        let waiting = Sum()
        try await withThrowingTaskGroup(of: Errno?.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    await worker.run { io -> Errno? in
                        do throws(Errno) {
                            let socket = try await Self.connect(loopback, io)
                            waiting.add(1)
                            defer { try? socket.close() }
                            _ = try await Self.receive(1, from: socket, io)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
            }
            while waiting.count < 64 { try await Task.sleep(for: .milliseconds(1)) }
            // Files are still served: no thread of the pool is taken.
            try await worker.run { io throws(Errno) in
                let path = CPath("/dev/null")
                let file = try await unsafe io.open(path.pointer, in: CPath.here, flags: O_RDONLY)
                withExtendedLifetime(path) {}
                try await io.close(file)
            }
            group.cancelAll()
            for try await outcome in group { #expect(outcome == .canceled) }
        }
        await worker.shutDown()
    }

    /// Receives up to so many bytes.
    private static func receive(
        _ count: Int,
        from socket: FileDescriptor,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { unsafe memory.deallocate() }
        let received = try await unsafe io.receive(socket, into: memory)
        return unsafe Array(memory[..<received])
    }

    /// One task reads while another writes to the same socket.
    @Test(arguments: engines)
    func bothDirectionsAtATime(_ engine: BackgroundWorker.Engine) async throws {
        let loopback = try Loopback()
        let worker = try BackgroundWorker(engine: engine)
        // Sends back what comes only when all has come, so that both sides wait.
        let echo = Self.onThread {
            let peer = try loopback.accept()
            var all: [UInt8] = []
            while all.count < 8_000_000 {
                var piece = [UInt8](repeating: 0, count: 65536)
                let count = try unsafe piece.withUnsafeMutableBytes { try unsafe peer.read(into: $0) }
                all += piece[..<count]
            }
            try peer.writeAll(all[..<1000])
            try peer.close()
        }
        let data = Self.bytes(0..<8_000_000)
        let socket = try await worker.run { io throws(Errno) in try await Self.connect(loopback, io) }
        async let received = worker.run { io throws(Errno) in
            var answer: [UInt8] = []
            while answer.count < 1000 { answer += try await Self.receive(1000 - answer.count, from: socket, io) }
            return answer
        }
        try await worker.run { io throws(Errno) in
            var sent = 0
            while sent < data.count {
                sent += try await io.send(socket, RawSpan(_elements: data.span).extracting(sent...))
            }
        }
        #expect(try await received == Self.bytes(0..<1000))
        try await echo.value
        try await worker.run { io throws(Errno) in try await io.close(socket) }
        await worker.shutDown()
    }

    /// A request and its answer in one step, again and again; and a peer that has gone.
    @Test(arguments: engines)
    func exchanges(_ engine: BackgroundWorker.Engine) async throws {
        let loopback = try Loopback()
        let worker = try BackgroundWorker(engine: engine)
        let echo = Self.onThread {
            let peer = try loopback.accept()
            var piece = [UInt8](repeating: 0, count: 100)
            for _ in 0..<50 {
                let count = try unsafe piece.withUnsafeMutableBytes { try unsafe peer.read(into: $0) }
                try peer.writeAll(piece[..<count].reversed())
            }
            try peer.close()
        }
        let socket = try await worker.run { io throws(Errno) in try await Self.connect(loopback, io) }
        for number in 0..<50 {
            let request = Self.bytes(number..<number + 7)
            let answer = try await worker.run { io throws(Errno) in try await Self.exchange(request, on: socket, io) }
            #expect(answer == request.reversed())
        }
        try await echo.value
        // The end, and then an error: one of the two sends meets the closed connection.
        let ends = await worker.run { io in
            var outcomes: [[UInt8]?] = []
            for _ in 0..<3 { outcomes.append(try? await Self.exchange([1, 2, 3], on: socket, io)) }
            return outcomes
        }
        #expect(ends.last == [UInt8]?.none && ends.allSatisfy { $0 == nil || $0 == [] }, "\(ends)")
        try await worker.run { io throws(Errno) in
            // Not connected any more, where the peer's end has come first.
            try? io.shutDown(socket)
            do throws(Errno) {
                _ = try await Self.exchange([1], on: socket, io)
                Issue.record("sent on what is shut down")
            } catch {
                #expect(error == .brokenPipe || error == .connectionReset)
            }
            try await io.close(socket)
        }
        await worker.shutDown()
    }

    private static func exchange(
        _ request: [UInt8],
        on socket: FileDescriptor,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 16)
        defer { unsafe memory.deallocate() }
        let count = try await unsafe io.exchange(socket, RawSpan(_elements: request.span), into: memory)
        return unsafe Array(memory[..<count])
    }

    @Test(arguments: engines)
    func refusals(_ engine: BackgroundWorker.Engine) async throws {
        let address = try Loopback().address
        let worker = try BackgroundWorker(engine: engine)
        await #expect(throws: Errno.connectionRefused) {
            try await worker.run { io throws(Errno) in
                let socket = try io.socket(domain: AF_INET, type: CInt(SOCK_STREAM.rawValue))
                defer { try? socket.close() }
                try await io.connect(socket, to: RawSpan(_elements: address.span))
            }
        }
        // A peer that has gone: an error, no signal.
        let loopback = try Loopback()
        await #expect(throws: Errno.brokenPipe) {
            try await worker.run { io throws(Errno) in
                let socket = try await Self.connect(loopback, io)
                defer { try? socket.close() }
                try io.shutDown(socket)
                let data = Self.bytes(0..<10)
                _ = try await io.send(socket, RawSpan(_elements: data.span))
            }
        }
        await #expect(throws: Errno.addressFamilyNotSupported) {
            try await worker.run { io throws(Errno) in _ = try io.socket(domain: 12345, type: 1) }
        }
        await worker.shutDown()
    }

    // MARK: Names

    @Test(arguments: engines)
    func names(_ engine: BackgroundWorker.Engine) async throws {
        let root = "/tmp/ringfuse-names-\(getpid())-\(engine)"
        defer { _ = unsafe rmdir(root) }
        let worker = try BackgroundWorker(engine: engine)
        try await worker.run { io throws(Errno) in
            let (directory, file, renamed) = (CPath(root), CPath(root + "/a"), CPath(root + "/b"))
            try await unsafe io.makeDirectory(directory.pointer, in: CPath.here, mode: 0o700)
            var failure = await Self.error { () async throws(Errno) in
                try await unsafe io.makeDirectory(directory.pointer, in: CPath.here, mode: 0o700)
            }
            #expect(failure == .fileExists)
            let opened = try await unsafe io.open(
                file.pointer, in: CPath.here, flags: O_CREAT | O_WRONLY, mode: 0o600)
            try await io.close(opened)
            failure = await Self.error { () async throws(Errno) in
                try await unsafe io.remove(directory.pointer, in: CPath.here, isDirectory: true)
            }
            #expect(failure == .directoryNotEmpty)
            try await unsafe io.rename(file.pointer, in: CPath.here, to: renamed.pointer, in: CPath.here)
            failure = await Self.error { () async throws(Errno) in
                try await unsafe io.remove(file.pointer, in: CPath.here)
            }
            #expect(failure == .noSuchFileOrDirectory)
            // RENAME_NOREPLACE.
            failure = await Self.error { () async throws(Errno) in
                try await unsafe io.rename(
                    renamed.pointer, in: CPath.here, to: directory.pointer, in: CPath.here, flags: 1)
            }
            #expect(failure == .fileExists)
            try await unsafe io.remove(renamed.pointer, in: CPath.here)
            try await unsafe io.remove(directory.pointer, in: CPath.here, isDirectory: true)
        }
        let isThere = unsafe access(root, F_OK) == 0
        #expect(!isThere)
        await worker.shutDown()
    }

    /// The error of something that is to fail.
    private static func error(_ body: () async throws(Errno) -> Void) async -> Errno? {
        do throws(Errno) {
            try await body()
            return nil
        } catch {
            return error
        }
    }
}

/// A NUL-terminated path that stays where it is.
@safe
private final class CPath: @unchecked Sendable {
    @unsafe let pointer: UnsafePointer<CChar>

    init(_ path: String) {
        unsafe pointer = UnsafePointer(strdup(path).unsafelyUnwrapped)
    }

    deinit { unsafe free(UnsafeMutablePointer(mutating: pointer)) }

    /// The working directory.
    static var here: FileDescriptor { FileDescriptor(rawValue: AT_FDCWD) }
}
