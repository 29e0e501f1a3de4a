import Foundation
import Glibc
import Synchronization
import SystemPackage

/// A server that answers as a test says: with what it likes, or not at all.
final class FaultServer: Sendable {
    /// A request, as it came.
    struct Request: Sendable {
        /// From 0, in the order in which they came.
        let number: Int
        /// The connection it came on, from 0.
        let connection: Int
        let head: String
        let body: [UInt8]

        /// The value of a field.
        func field(_ name: String) -> String? {
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }
                .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }
    }

    /// A step of an answer.
    enum Step: Sendable {
        case send([UInt8])
        case text(String)
        /// Waits, in milliseconds.
        case pause(UInt32)
        case close
        /// Closes so that the other side gets an error.
        case reset
        /// Says nothing until the other side gives up.
        case silence
    }

    let port: UInt16
    private let listener: Int32
    private let readsBodies: Bool
    private let answer: @Sendable (Request) -> [Step]
    private let counts = Mutex((requests: 0, connections: 0))
    private let seen = Mutex<[Request]>([])

    /// Listens.
    ///
    /// - Parameters:
    ///   - readsBodies: whether to answer when the body has come, and not when the head has.
    ///   - answer: what to answer to a request.
    init(readsBodies: Bool = true, _ answer: @escaping @Sendable (Request) -> [Step]) throws {
        self.readsBodies = readsBodies
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = listener
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
                guard unsafe bind(file, bound, length) == 0, listen(file, 64) == 0 else { return Int32(-1) }
                return unsafe getsockname(file, bound, &length)
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        port = UInt16(bigEndian: address.sin_port)
        // Strong: it lives until `stop`.
        Thread.detachNewThread { self.accept() }
    }

    /// Ends it; connections end by themselves.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// What has been asked.
    var requests: [Request] { seen.withLock { $0 } }

    /// The connections that there have been.
    var connectionCount: Int { counts.withLock { $0.connections } }

    private func accept() {
        while true {
            let file = Glibc.accept(listener, nil, nil)
            guard file >= 0 else { break }
            let connection = counts.withLock { counts in
                counts.connections += 1
                return counts.connections - 1
            }
            Thread.detachNewThread { self.serve(file, connection) }
        }
        close(listener)
    }

    private func serve(_ file: Int32, _ connection: Int) {
        var input: [UInt8] = []
        defer { close(file) }
        while let request = read(file, connection, &input) {
            seen.withLock { $0.append(request) }
            for step in answer(request) {
                switch step {
                case .send(let bytes): if !send(bytes, to: file) { return }
                case .text(let text): if !send(Array(text.utf8), to: file) { return }
                case .pause(let milliseconds): usleep(milliseconds * 1000)
                case .close: return
                case .reset:
                    var linger = linger(l_onoff: 1, l_linger: 0)
                    _ = unsafe setsockopt(
                        file, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                    return
                case .silence:
                    var byte: UInt8 = 0
                    while unsafe recv(file, &byte, 1, 0) > 0 {}
                    return
                }
            }
        }
    }

    private func send(_ bytes: [UInt8], to file: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func read(_ file: Int32, _ connection: Int, _ input: inout [UInt8]) -> Request? {
        var end: Int?
        while true {
            end = end ?? input.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            if let end {
                let head = String(decoding: input[..<end], as: UTF8.self)
                let length =
                    !readsBodies
                    ? 0
                    : head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                        .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if input.count >= end + length {
                    let number = counts.withLock { counts in
                        counts.requests += 1
                        return counts.requests - 1
                    }
                    let body = Array(input[end..<end + length])
                    input.removeFirst(end + length)
                    return Request(number: number, connection: connection, head: head, body: body)
                }
            }
            var piece = [UInt8](repeating: 0, count: 65536)
            let count = unsafe recv(file, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            input += piece[..<count]
        }
    }
}

/// Answers that are in order.
enum Answers {
    /// A part of an object, as it was asked for.
    static func object(_ content: [UInt8], _ request: FaultServer.Request) -> [FaultServer.Step] {
        guard let range = request.field("range")?.dropFirst(6).split(separator: "-").compactMap({ Int($0) }),
            range.count == 2
        else { return status(400) }
        let part = Array(content[range[0]...min(range[1], content.count - 1)])
        let given = "bytes \(range[0])-\(range[0] + part.count - 1)/\(content.count)"
        return [
            .text("HTTP/1.1 206 OK\r\nContent-Length: \(part.count)\r\nContent-Range: \(given)\r\n\r\n"), .send(part),
        ]
    }

    /// A status, with an error as S3 tells it.
    static func status(_ status: Int, _ code: String = "", fields: String = "") -> [FaultServer.Step] {
        let body = code.isEmpty ? "" : "<Error><Code>\(code)</Code><Message>because</Message></Error>"
        return [.text("HTTP/1.1 \(status) X\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")]
    }
}

/// Something that happens once.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}
