internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// What is asked of a bucket, besides what volumes ask.
final class BucketClient: Sendable {
    let client: S3Client
    let location: S3Location
    /// Whether the server knows conditions on what is stored; found out by asking.
    let knowsConditions = Atomic(true)
    /// Whether the server checks checksums; `nil` before it was found out.
    let checksChecksums = Mutex<Bool?>(nil)

    /// A client of a bucket.
    init(_ store: S3Store) {
        client = store.client
        location = store.location
    }

    /// What must be so for an object to be stored.
    enum Condition: Equatable {
        /// Nothing.
        case none
        /// There is no such object.
        case isNew
        /// The object is still this one.
        case has(tag: String)
    }

    /// Sends a request.
    ///
    /// - Parameter verb: what is to be done, for messages, as in "read".
    func perform(
        _ request: S3Request,
        _ verb: String,
        _ body: S3Body,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> S3Answer {
        do throws(S3Fault) {
            return try await client.perform(request, body, into: .none, io)
        } catch {
            throw failure(error, request, verb)
        }
    }

    /// What a fault means to who uses the bucket.
    func failure(_ fault: S3Fault, _ request: S3Request, _ verb: String) -> BucketFailure {
        let explained = client.explain(fault, verb, ObjectKey(request.key))
        guard case .refused(let refusal) = fault else { return .failed(explained) }
        if refusal.isMissingObject { return .missing }
        switch refusal.status {
        case 412: return .changed
        case 401, 403: return .forbidden("\(explained)")
        default: return .failed(explained)
        }
    }

    /// What there is under a key.
    func look(at key: BucketKey, _ io: borrowing AsyncIO) async throws(BucketFailure) -> BucketObject? {
        var request = S3Request(method: .head, key: key.text)
        request.wantsTag = true
        do throws(BucketFailure) {
            let answer = try await perform(request, "look at", .none, io)
            return BucketObject(
                size: answer.head.contentLength ?? 0, tag: answer.head.tag ?? "", modified: answer.head.modified ?? 0)
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// A page of a listing.
    func list(_ request: S3ListRequest, _ io: borrowing AsyncIO) async throws(BucketFailure) -> S3Listing {
        do throws(ObjectStoreError) {
            return try await client.list(request, io)
        } catch {
            if case .denied(let line) = error { throw .forbidden(line) }
            throw .failed(error)
        }
    }

    /// Whether any key begins with that of a directory.
    func hasDirectory(_ key: BucketKey, _ io: borrowing AsyncIO) async throws(BucketFailure) -> Bool {
        var request = S3ListRequest(prefix: key.text)
        request.limit = 1
        return try await !list(request, io).objects.isEmpty
    }

    /// Reads part of an object straight into memory.
    ///
    /// - Throws: ``BucketFailure/changed`` where the object is another one now, or gone.
    @unsafe
    func get(
        _ source: BucketSource,
        _ range: Range<UInt64>,
        into memory: UnsafeMutableRawBufferPointer,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) {
        var request = S3Request(method: .get, key: source.key.text, range: range)
        request.wantsTag = true
        if !source.object.tag.isEmpty { request.fields = [("if-match", EntityTag.quoted(source.object.tag))] }
        let answer: S3Answer
        do throws(S3Fault) {
            answer = try await unsafe client.perform(request, .none, into: S3Target(memory), io)
        } catch {
            if case .damaged = error { throw .changed }
            let failure = failure(error, request, "read")
            if case .missing = failure { throw .changed }
            throw failure
        }
        // Some servers do not know the condition; what they sent tells all the same.
        if let tag = answer.head.tag, tag != source.object.tag, !source.object.tag.isEmpty { throw .changed }
        if let total = answer.head.contentRange?.total, total != source.object.size { throw .changed }
    }

    /// Removes an object; one that is not there counts as removed.
    func remove(_ key: BucketKey, _ io: borrowing AsyncIO) async throws(BucketFailure) {
        do throws(BucketFailure) {
            _ = try await perform(S3Request(method: .delete, key: key.text), "remove", .none, io)
        } catch {
            if case .missing = error { return }
            throw error
        }
    }
}
