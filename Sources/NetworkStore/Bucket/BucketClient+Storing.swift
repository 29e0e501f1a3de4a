internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// Storing objects: whole, in parts, and from other objects.

/// A part of an object that is stored in parts.
struct BucketPart: Sendable, Hashable {
    /// Its place among the others, from 1 on.
    var number: Int
    /// What the server calls it, without quotes.
    var tag: String
    /// The checksum that the server has compared, as text; `nil` where it does not.
    var checksum: String?
}

extension BucketClient {
    /// Bytes of the largest object that is copied with one request.
    static var largestCopy: UInt64 { 5 << 30 }

    /// Stores an object with one request.
    func put(
        _ key: BucketKey,
        _ bytes: RawSpan,
        if condition: Condition,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketObject {
        var request = S3Request(method: .put, key: key.text)
        request.wantsTag = true
        if let checksum = checksum(of: bytes) { request.fields = [("x-amz-checksum-crc32c", checksum)] }
        let body = unsafe S3Body(bytes, isSigned: location.payload == .signed)
        let answer: S3Answer
        do throws(BucketFailure) {
            answer = try await conditional(request, body, condition, "write", io)
        } catch {
            // The answer to an attempt before this one may have been lost.
            guard case .changed = error, let found = try await look(at: key, io), found.size == bytes.byteCount,
                unsafe found.tag == bytes.withUnsafeBytes({ unsafe MD5Text.of($0) })
            else { throw error }
            return found
        }
        return try await stored(key, UInt64(bytes.byteCount), answer.head.tag, answer.head.date, io)
    }

    /// Begins to store an object in parts.
    ///
    /// - Returns: what the server calls it.
    func begin(_ key: BucketKey, _ io: borrowing AsyncIO) async throws(BucketFailure) -> String {
        var request = S3Request(method: .post, key: key.text, query: [("uploads", "")])
        if usesChecksums { request.fields = [("x-amz-checksum-algorithm", "CRC32C")] }
        let body = unsafe S3Body(RawSpan(), isSigned: true)
        let answer = try await perform(request, "begin to write", body, io)
        guard let identifier = Self.uploadIdentifier(in: answer.body) else {
            throw .failed(.unavailable("\(client.name): does not tell what it calls an upload"))
        }
        return identifier
    }

    /// What a server says that it calls an upload; rclone's leaves out the last word of the element's name.
    static func uploadIdentifier(in body: [UInt8]) -> String? {
        for name in ["InitiateMultipartUploadResult", "InitiateMultipartUpload"] {
            if let found = XMLReader.fields(of: name, in: body)["UploadId"], !found.isEmpty { return found }
        }
        return nil
    }

    /// Stores a part.
    func put(
        part number: Int,
        of upload: String,
        _ key: BucketKey,
        _ bytes: RawSpan,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketPart {
        let checksum = checksum(of: bytes)
        return try await put(part: number, of: upload, key, bytes, checksum: checksum, io)
    }

    /// Stores a part with a checksum that may be wrong.
    fileprivate func put(
        part number: Int,
        of upload: String,
        _ key: BucketKey,
        _ bytes: RawSpan,
        checksum: String?,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketPart {
        var request = S3Request(method: .put, key: key.text)
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        request.wantsTag = true
        if let checksum { request.fields = [("x-amz-checksum-crc32c", checksum)] }
        let body = unsafe S3Body(bytes, isSigned: location.payload == .signed)
        let answer = try await perform(request, "write a part of", body, io)
        guard let tag = answer.head.tag else {
            throw .failed(.unavailable("\(client.name): does not tell what it calls a part of \(key.text.printable)"))
        }
        return BucketPart(number: number, tag: tag, checksum: checksum)
    }

    /// Has a part be bytes of an object that is there.
    func copy(
        part number: Int,
        of upload: String,
        _ key: BucketKey,
        from source: BucketSource,
        _ range: Range<UInt64>,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketPart {
        var request = S3Request(method: .put, key: key.text)
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        request.fields = copyFields(source)
        request.fields.append(("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        let body = unsafe S3Body(RawSpan(), isSigned: true)
        let answer = try await perform(request, "copy a part of", body, io)
        let fields = XMLReader.fields(of: "CopyPartResult", in: answer.body)
        guard let tag = fields["ETag"] else { throw failure(answer, "copy a part of", key) }
        return BucketPart(number: number, tag: EntityTag.unquoted(tag), checksum: fields["ChecksumCRC32C"])
    }

    /// Makes an object of parts.
    func complete(
        _ upload: String,
        _ key: BucketKey,
        _ parts: [BucketPart],
        size: UInt64,
        if condition: Condition,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketObject {
        var text = "<CompleteMultipartUpload>"
        for part in parts.sorted(by: { $0.number < $1.number }) {
            let checksum = part.checksum.map { "<ChecksumCRC32C>\($0)</ChecksumCRC32C>" } ?? ""
            let tag = "<ETag>&quot;\(part.tag)&quot;</ETag>"
            text += "<Part><PartNumber>\(part.number)</PartNumber>\(tag)\(checksum)</Part>"
        }
        text += "</CompleteMultipartUpload>"
        let bytes = Array(text.utf8)
        let request = S3Request(method: .post, key: key.text, query: [("uploadId", upload)])
        let answer: S3Answer
        do throws(BucketFailure) {
            let body = unsafe S3Body(RawSpan(_elements: bytes.span), isSigned: true)
            answer = try await conditional(request, body, condition, "write", io)
        } catch {
            // The answer to an attempt before this one may have been lost.
            switch error {
            case .changed, .missing:
                guard let found = try await look(at: key, io), found.size == size,
                    found.tag.hasSuffix("-\(parts.count)"), found.modified >= Clock.wall - 600
                else { throw error }
                return found
            default: throw error
            }
        }
        withExtendedLifetime(bytes) {}
        // An answer that began as a success may end as a failure.
        let fields = XMLReader.fields(of: "CompleteMultipartUploadResult", in: answer.body)
        guard let tag = fields["ETag"] else { throw failure(answer, "write", key) }
        return try await stored(key, size, EntityTag.unquoted(tag), answer.head.date, io)
    }

    /// Gives up storing an object in parts. What fails stays until the bucket's own rules remove it.
    func abort(_ upload: String, _ key: BucketKey, _ io: borrowing AsyncIO) async {
        let request = S3Request(method: .delete, key: key.text, query: [("uploadId", upload)])
        _ = try? await perform(request, "give up writing", .none, io)
    }

    /// Copies an object, in parts where one request is not enough.
    func copy(
        _ source: BucketSource,
        to key: BucketKey,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketObject {
        guard source.object.size <= Self.largestCopy else { return try await copyInParts(source, to: key, io) }
        var request = S3Request(method: .put, key: key.text)
        request.fields = copyFields(source)
        let answer = try await perform(request, "copy", unsafe S3Body(RawSpan(), isSigned: true), io)
        guard let tag = XMLReader.fields(of: "CopyObjectResult", in: answer.body)["ETag"] else {
            throw failure(answer, "copy", key)
        }
        return try await stored(key, source.object.size, EntityTag.unquoted(tag), answer.head.date, io)
    }

    private func copyInParts(
        _ source: BucketSource,
        to key: BucketKey,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketObject {
        let upload = try await begin(key, io)
        do throws(BucketFailure) {
            var parts: [BucketPart] = []
            for (index, range) in PartSizes.copies(of: source.object.size).enumerated() {
                parts.append(try await copy(part: index + 1, of: upload, key, from: source, range, io))
            }
            return try await complete(upload, key, parts, size: source.object.size, if: .none, io)
        } catch {
            await abort(upload, key, io)
            throw error
        }
    }

    // MARK: Parts of requests

    private func copyFields(_ source: BucketSource) -> [(name: String, value: String)] {
        let path = "/\(location.bucket)/" + PercentCoding.encode(source.key.text, keepsSlashes: true)
        var fields = [(name: "x-amz-copy-source", value: path)]
        if !source.object.tag.isEmpty {
            fields.append(("x-amz-copy-source-if-match", EntityTag.quoted(source.object.tag)))
        }
        return fields
    }

    /// Sends a request with a condition; without, where the server does not know any.
    private func conditional(
        _ request: S3Request,
        _ body: S3Body,
        _ condition: Condition,
        _ verb: String,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> S3Answer {
        guard condition != .none, knowsConditions.load(ordering: .relaxed) else {
            return try await perform(request, verb, body, io)
        }
        var bound = request
        switch condition {
        case .none: break
        case .isNew: bound.fields.append(("if-none-match", "*"))
        case .has(let tag): bound.fields.append(("if-match", EntityTag.quoted(tag)))
        }
        do throws(S3Fault) {
            return try await client.perform(bound, body, into: .none, io)
        } catch {
            guard case .refused(let refusal) = error, refusal.status == 501 || refusal.code == "NotImplemented" else {
                throw failure(error, request, verb)
            }
            knowsConditions.store(false, ordering: .relaxed)
            return try await perform(request, verb, body, io)
        }
    }

    /// An answer that says success, and means something else.
    private func failure(_ answer: S3Answer, _ verb: String, _ key: BucketKey) -> BucketFailure {
        let fields = XMLReader.fields(of: "Error", in: answer.body)
        let code = (fields["Code"] ?? "an answer that is none").printable
        return .failed(.unavailable("\(client.name): cannot \(verb) \(key.text.printable): \(code)"))
    }

    /// An object that was just stored.
    private func stored(
        _ key: BucketKey,
        _ size: UInt64,
        _ tag: String?,
        _ date: Int64?,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) -> BucketObject {
        if let tag { return BucketObject(size: size, tag: tag, modified: date ?? Clock.wall) }
        guard let found = try await look(at: key, io) else { throw .missing }
        return found
    }

    // MARK: Checksums

    private var usesChecksums: Bool { checksChecksums.withLock { $0 ?? false } }

    private func checksum(of bytes: RawSpan) -> String? {
        guard usesChecksums else { return nil }
        return Self.text(bytes.checksum)
    }

    /// A checksum as fields have it.
    private static func text(_ checksum: UInt32) -> String {
        Base64.encode((0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) })
    }

    /// Finds out, once, whether the server compares checksums: by sending a wrong one with a part of an object that is then
    /// given up, so that nothing is left behind whatever the server does.
    ///
    /// - Returns: what has been found out; `nil` where it was known.
    func probeChecksums(_ key: BucketKey, _ io: borrowing AsyncIO) async -> String? {
        guard checksChecksums.withLock({ $0 == nil }) else { return nil }
        let content: [UInt8] = [1, 2, 3]
        var request = S3Request(method: .post, key: key.text, query: [("uploads", "")])
        request.fields = [("x-amz-checksum-algorithm", "CRC32C")]
        let body = unsafe S3Body(RawSpan(), isSigned: true)
        guard let answer = try? await perform(request, "begin to write", body, io),
            let upload = Self.uploadIdentifier(in: answer.body)
        else { return nil }
        let isTaken: Bool?
        do throws(BucketFailure) {
            let bytes = RawSpan(_elements: content.span)
            _ = try await put(
                part: 1, of: upload, key, bytes, checksum: Self.text(~bytes.checksum), io)
            isTaken = true
        } catch {
            // Not where the server was away.
            if case .failed(.denied) = error { isTaken = false } else { isTaken = nil }
        }
        await abort(upload, key, io)
        guard let isTaken else { return nil }
        checksChecksums.withLock { $0 = !isTaken }
        return isTaken
            ? "\(client.endpoint) takes parts with wrong checksums: they are not sent"
            : "\(client.endpoint) refuses parts with wrong checksums: each is sent with its CRC-32C"
    }
}

extension RawSpan {
    /// The CRC-32C of the bytes.
    var checksum: UInt32 { unsafe withUnsafeBytes { unsafe Checksum.crc32c($0) } }
}
