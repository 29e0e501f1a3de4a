import Crypto
public import RingFUSE
import Synchronization

/// Objects in a bucket of S3, or of a server that speaks as S3 does.
///
/// HTTP/1.1 on the worker's own ring: what is read is received straight into the caller's memory.
public final class S3Store: ObjectStore {
    let client: S3Client
    let location: S3Location
    /// Whether the server removes several objects in one request; found out by asking.
    private let hasBulkRemoval = Atomic(true)
    /// Whether the server lists in the order of bytes; found out by looking.
    let sortsByBytes = Atomic(true)

    /// The URL of the bucket and the prefix, without secrets.
    public var name: String { client.name }

    /// Bytes that went through in requests that had not failed before.
    public var progress: UInt64 { client.movedBytes }

    /// A store in a bucket, which has to be there.
    ///
    /// - Parameters:
    ///   - environment: variables that say where keys are: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    ///     `AWS_SESSION_TOKEN`, `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE`, `HOME`; and `AWS_REGION`
    ///     or `AWS_DEFAULT_REGION` where the URL names no region.
    /// - Throws: ``ObjectStoreError/denied(_:)`` where certificates cannot be read.
    public init(
        _ location: S3Location,
        options: S3Options = S3Options(),
        environment: [String: String]
    ) throws(ObjectStoreError) {
        let location = location.completed(from: environment)
        self.location = location
        client = try S3Client(
            location, options: options, credentials: CredentialSource(environment: environment))
    }

    deinit { client.close() }

    /// Stores an object with one request.
    public func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try key.check()
        let request = S3Request(method: .put, key: location.prefix + key.description)
        // Lent until `perform` returns: `body` is borrowed for as long.
        let lent = unsafe S3Body(body, isSigned: location.payload == .signed)
        _ = try await perform(request, lent, .none, "write", key, io)
    }

    /// Reads part of an object straight into memory.
    public func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) {
        try key.check()
        precondition(count <= buffer.freeCapacity, "more than there is room for")
        guard count > 0 else {
            // No range is empty: ask whether it is there, as a read would tell.
            guard let size = try await size(of: key, io) else { throw .missing(key) }
            guard size >= offset else { throw .damaged("\(name): \(key) ends before byte \(offset)") }
            return
        }
        guard offset <= UInt64.max - UInt64(count) else { throw .damaged("\(name): \(key) has no byte \(offset)") }
        let request = S3Request(
            method: .get, key: location.prefix + key.description, range: offset..<offset + UInt64(count))
        // Lent until `perform` returns: `buffer` is borrowed for as long, and stays where it is.
        let target = unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            unsafe S3Target(UnsafeMutableRawBufferPointer(rebasing: bytes[initialized..<initialized + count]))
        }
        try await read(request, target, key, io)
        unsafe buffer.withUnsafeMutableBytes { _, initialized in initialized += count }
    }

    /// How long an object is; `nil` where there is none.
    public func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64? {
        try key.check()
        let request = S3Request(method: .head, key: location.prefix + key.description)
        do throws(ObjectStoreError) {
            let answer = try await perform(request, .none, .none, "look at", key, io)
            guard let size = answer.head.contentLength else {
                throw .unavailable("\(name): \(client.endpoint) does not tell the size of \(key)")
            }
            return size
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Removes objects, a thousand a request where the server can.
    public func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        for key in keys { try key.check() }
        var rest = keys[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batch)
            if batch.count > 1 && hasBulkRemoval.load(ordering: .relaxed) {
                if try await !removeAtOnce(batch, io) { continue }
            } else {
                for key in batch { try await removeOne(key, io) }
            }
            rest = rest.dropFirst(batch.count)
        }
    }

    /// Makes the bucket; one that is there and belongs to the same user will do.
    public func createBucket(_ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        let request = S3Request(method: .put, key: "")
        do throws(S3Fault) {
            _ = try await client.perform(request, unsafe S3Body(RawSpan(), isSigned: true), into: .none, io)
        } catch {
            if case .refused(let refusal) = error, refusal.code == "BucketAlreadyOwnedByYou" { return }
            throw client.explain(error, "make the bucket", nil)
        }
    }

    // MARK: Requests

    /// Keys that are removed in one request.
    private static let batch = 1000

    func perform(
        _ request: S3Request,
        _ body: S3Body,
        _ target: S3Target,
        _ verb: String,
        _ key: ObjectKey?,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> S3Answer {
        do throws(S3Fault) {
            return try await client.perform(request, body, into: target, io)
        } catch {
            throw client.explain(error, verb, key)
        }
    }

    private func removeOne(_ key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        do throws(ObjectStoreError) {
            let request = S3Request(method: .delete, key: location.prefix + key.description)
            _ = try await perform(request, .none, .none, "remove", key, io)
        } catch {
            if case .missing = error { return }
            throw error
        }
    }

    /// Removes several objects with one request.
    ///
    /// - Returns: whether the server knows how to; where it does not, nothing is removed.
    private func removeAtOnce(_ keys: ArraySlice<ObjectKey>, _ io: borrowing AsyncIO) async throws(ObjectStoreError)
        -> Bool
    {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete><Quiet>true</Quiet>"
        for key in keys { text += "<Object><Key>\(location.prefix)\(key)</Key></Object>" }
        text += "</Delete>"
        let body = Array(text.utf8)
        var request = S3Request(method: .post, key: "", query: [("delete", "")])
        // Some servers insist.
        request.fields = [("content-md5", Base64.encode(Array(Insecure.MD5.hash(data: body))))]
        let answer: S3Answer
        do throws(S3Fault) {
            answer = try await client.perform(
                request, unsafe S3Body(RawSpan(_elements: body.span), isSigned: true), into: .none, io)
        } catch {
            if case .refused(let refusal) = error, [400, 404, 405, 411, 501].contains(refusal.status),
                refusal.code != "NoSuchBucket"
            {
                hasBulkRemoval.store(false, ordering: .relaxed)
                return false
            }
            throw client.explain(error, "remove objects", nil)
        }
        withExtendedLifetime(body) {}
        let failure = XMLReader.fields(of: "Error", in: answer.body)
        if let code = failure["Code"], code != "NoSuchKey" {
            throw .unavailable("\(name): cannot remove \((failure["Key"] ?? "an object").printable): \(code.printable)")
        }
        return true
    }
}
