import RingFUSE
import SystemPackage

/// Reads the body of one response, however its end is marked (RFC 9112, 6).
struct BodyReader {
    /// What marks the end.
    private enum Framing: Equatable {
        /// So many bytes are to come.
        case length(UInt64)
        /// So many bytes of a chunk are to come; `nil` between two.
        case chunk(UInt64?)
        /// The end of the connection.
        case close
        case done
    }

    private var framing: Framing
    /// Whether the first chunk has begun: the line break of the one before is passed over.
    private var hasBegun = false

    /// A reader for the body of a response.
    init(_ head: ResponseHead, to method: HTTPMethod) {
        if !head.hasBody(to: method) {
            framing = .done
        } else if head.isChunked {
            framing = .chunk(nil)
        } else if let length = head.contentLength {
            framing = length == 0 ? .done : .length(length)
        } else {
            framing = .close
            endsConnection = true
        }
    }

    private init(_ framing: Framing) { self.framing = framing }

    /// A reader of nothing.
    static var none: BodyReader { BodyReader(.done) }

    /// Whether all of it has been read.
    var isDone: Bool { framing == .done }

    /// Whether the end of the body is the end of the connection.
    private(set) var endsConnection = false

    /// Reads bytes of the body.
    ///
    /// - Returns: how many; 0 at its end.
    @unsafe
    mutating func read(
        into target: UnsafeMutableRawBufferPointer,
        from connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Int {
        if framing == .chunk(nil) { try await beginChunk(connection, io) }
        switch framing {
        case .done:
            return 0
        case .close:
            let count = try await unsafe connection.receiveBody(into: target, io)
            if count == 0 { framing = .done }
            return count
        case .length(let rest):
            let count = try await unsafe Self.some(rest, target, connection, io)
            framing = rest == UInt64(count) ? .done : .length(rest - UInt64(count))
            return count
        case .chunk(let rest):
            let rest = rest ?? 0
            let count = try await unsafe Self.some(rest, target, connection, io)
            framing = .chunk(rest == UInt64(count) ? nil : rest - UInt64(count))
            return count
        }
    }

    /// At least one byte, and not more than there are.
    @unsafe
    private static func some(
        _ rest: UInt64,
        _ target: UnsafeMutableRawBufferPointer,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Int {
        let count = min(target.count, Int(clamping: rest))
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<count])
        let received = try await unsafe connection.receiveBody(into: part, io)
        if received == 0 && count > 0 { throw .cut }
        return received
    }

    /// Reads the size of the next chunk; after the last one, the fields that may follow.
    private mutating func beginChunk(
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) {
        do throws(HTTPFailure) {
            if hasBegun, try await line(connection, io) != [] { throw .malformed("a chunk longer than it says") }
            hasBegun = true
            let text = try await line(connection, io)
            let digits = text.prefix { $0 != UInt8(ascii: ";") && !$0.isBlank }
            guard (1...15).contains(digits.count),
                let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16),
                digits[digits.startIndex] != UInt8(ascii: "+")
            else { throw .malformed("a chunk without a size") }
            framing = size == 0 ? .done : .chunk(size)
            guard size == 0 else { return }
            for _ in 0..<64 where try await line(connection, io) == [] { return }
            throw .malformed("too many fields after a body")
        } catch {
            throw error == .closed ? .cut : error
        }
    }

    /// A line, without its end.
    private func line(_ connection: HTTPConnection, _ io: borrowing AsyncIO) async throws(HTTPFailure) -> [UInt8] {
        var line: [UInt8] = []
        while line.count < 1024 {
            let byte = try await connection.receiveByte(io)
            if byte == 13 {
                guard try await connection.receiveByte(io) == 10 else { throw .malformed("a CR within a line") }
                return line
            }
            if byte == 10 { throw .malformed("a line that ends without CR") }
            line.append(byte)
        }
        throw .malformed("a line of a chunk that is too long")
    }
}
