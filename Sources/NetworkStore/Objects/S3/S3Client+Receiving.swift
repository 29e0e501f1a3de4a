import RingFUSE
import SystemPackage

/// The body of a request: memory of the caller's, which it lends until the request is answered.
@safe
struct S3Body: Sendable {
    private let address: UInt
    let count: Int
    /// Its hash, or what stands for it; `nil` for a request without a body.
    let hash: String?

    /// No body.
    static let none = S3Body()

    private init() { (address, count, hash) = (0, 0, nil) }

    /// A body.
    ///
    /// - Parameter bytes: must stay valid until the request is answered.
    @unsafe
    init(_ bytes: RawSpan, isSigned: Bool) {
        address = unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        count = bytes.byteCount
        hash = isSigned ? SignatureV4.hash(bytes) : SignatureV4.unsignedPayload
    }

    /// Its bytes.
    @unsafe
    var span: RawSpan {
        @_lifetime(immortal)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), copying: ())
        }
    }
}

/// Where the bytes of an object go: memory of the caller's, which it lends until the request is answered.
@safe
struct S3Target: Sendable {
    private let address: UInt
    let count: Int

    /// Nowhere.
    static let none = S3Target()

    private init() { (address, count) = (0, 0) }

    /// Memory that stays valid until the request is answered.
    @unsafe
    init(_ memory: UnsafeMutableRawBufferPointer) {
        address = UInt(bitPattern: memory.baseAddress)
        count = memory.count
    }

    /// The part of the memory from a byte on.
    @unsafe
    func rest(from offset: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(bitPattern: address + UInt(offset)), count: count - offset)
    }
}

/// An answer that says success.
struct S3Answer {
    var head: ResponseHead
    /// The body, where it is not the object that was asked for.
    var body: [UInt8] = []
}

// Answers.

extension S3Client {
    /// Bytes of a body that are read where it is text: listings of a thousand long keys have less.
    private static var textLimit: Int { 1 << 23 }
    /// Bytes that are thrown away rather than a connection.
    private static var discardLimit: UInt64 { 1 << 18 }

    /// Reads the body of an answer.
    func receive(
        _ head: ResponseHead,
        _ request: S3Request,
        _ target: S3Target,
        _ reader: inout BodyReader,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Result<S3Answer, S3Fault> {
        guard (200..<300).contains(head.status) else {
            let body = try await text(&reader, connection, io)
            if head.status == 416, let range = request.range {
                return .failure(.damaged("the object ends before byte \(range.upperBound)"))
            }
            return .failure(.refused(S3Refusal(head, body)))
        }
        guard let range = request.range else {
            return .success(S3Answer(head: head, body: try await text(&reader, connection, io)))
        }
        return try await receiveObject(head, range, target, &reader, connection, io)
    }

    /// Reads the part of an object that was asked for.
    private func receiveObject(
        _ head: ResponseHead,
        _ range: Range<UInt64>,
        _ target: S3Target,
        _ reader: inout BodyReader,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Result<S3Answer, S3Fault> {
        if head.status == 206 {
            // Each has it (RFC 9110, 15.3.7): without, it may be the answer to something else.
            guard let given = head.contentRange, given.first == range.lowerBound, given.last < range.upperBound else {
                throw .malformed("another part of the object than was asked for")
            }
            guard given.last + 1 == range.upperBound else {
                return .failure(.damaged("the object ends before byte \(range.upperBound)"))
            }
        } else if range.lowerBound > 0 && !isExactly(range, head) {
            // The server sends all of the object: those before are read and dropped.
            let passed = try await discard(range.lowerBound, &reader, connection, io)
            guard passed == range.lowerBound else {
                return .failure(.damaged("the object ends before byte \(range.upperBound)"))
            }
        }
        var got = 0
        while got < target.count {
            let rest = unsafe target.rest(from: got)
            let count = try await unsafe reader.read(into: rest, from: connection, io)
            if count == 0 { break }
            got += count
        }
        guard got == target.count else {
            if head.status == 206 { throw .cut }
            return .failure(.damaged("the object ends before byte \(range.upperBound)"))
        }
        // Not more than there is to win by keeping the connection.
        if !reader.isDone { _ = try await discard(Self.discardLimit, &reader, connection, io) }
        return .success(S3Answer(head: head))
    }

    /// Whether an answer that is not said to be a part is just the one that was asked for: rclone's `serve s3` sends such.
    private func isExactly(_ range: Range<UInt64>, _ head: ResponseHead) -> Bool {
        guard let given = head.contentRange, head.contentLength == UInt64(range.count) else { return false }
        return given.first == range.lowerBound && given.last + 1 == range.upperBound
    }

    /// Reads a body whole.
    private func text(
        _ reader: inout BodyReader,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> [UInt8] {
        var all: [UInt8] = []
        if reader.isDone { return all }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 16)
        defer { unsafe piece.deallocate() }
        while true {
            let count = try await unsafe reader.read(into: piece, from: connection, io)
            if count == 0 { return all }
            unsafe all.append(contentsOf: piece[..<count])
            guard all.count <= Self.textLimit else { throw .malformed("an answer of more than 8 MiB") }
        }
    }

    /// Reads up to so many bytes and drops them.
    private func discard(
        _ count: UInt64,
        _ reader: inout BodyReader,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> UInt64 {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { unsafe piece.deallocate() }
        var passed: UInt64 = 0
        while passed < count {
            let part = unsafe UnsafeMutableRawBufferPointer(
                rebasing: piece[..<min(piece.count, Int(clamping: count - passed))])
            let read = try await unsafe reader.read(into: part, from: connection, io)
            if read == 0 { break }
            passed += UInt64(read)
        }
        return passed
    }
}
