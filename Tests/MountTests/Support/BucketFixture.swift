import Foundation
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

@testable import NetworkStore

/// A prefix of its own in a bucket of a real server, for tests that mount it.
struct BucketFixture: Sendable {
    /// What all keys begin with.
    let prefix = "bucket-\(UInt32.random(in: 0...UInt32.max))"
    let scratch: Scratch

    /// Options with which nothing is believed for longer than a request.
    static var options: Bucket.Options {
        var options = Bucket.Options()
        options.lifetime = .zero
        options.memory = 64 << 20
        return options
    }

    /// Runs a test with a prefix.
    static func with(_ body: (BucketFixture) async throws -> Void) async throws {
        try await withScratch { scratch in try await body(BucketFixture(scratch: scratch)) }
    }

    /// The store of the prefix, for who may do everything.
    func store() async throws -> S3Store { try await TestBucket.store(prefix: prefix) }

    /// Mounts the prefix, runs the body, and unmounts.
    func mounted(
        _ way: Way,
        _ options: Bucket.Options = options,
        environment: [String: String]? = nil,
        disk: FilePath? = nil,
        _ body: (MountedSession) async throws -> Void
    ) async throws {
        _ = try await store()
        let server = try await ObjectServer.shared.value
        let store = try TestBucket.store(server.url(prefix: prefix), environment: environment ?? server.keys)
        let cache = try disk.map { try DiskCache(in: $0, limit: 1 << 30, volume: Bucket.cacheName(of: store)) }
        let bucket = try Bucket(store, background: try BackgroundWorker(), disk: cache, options: options)
        try await withMount(
            BucketFileSystem(bucket), scratch: scratch, configuration: try way.configuration(), body)
    }

    /// Puts objects straight into the bucket.
    ///
    /// - Parameter objects: any keys below the prefix, each with its content.
    func put(_ objects: [(key: String, content: String)]) async throws {
        let client = BucketClient(try await store())
        let worker = try BackgroundWorker()
        let prefix = prefix
        let failures = await withTaskGroup(of: Int.self) { group in
            for share in 0..<8 {
                group.addTask {
                    await worker.run { io in
                        var failures = 0
                        for (index, object) in objects.enumerated() where index % 8 == share {
                            let key = BucketKey("\(prefix)/\(object.key)")
                            let bytes = Array(object.content.utf8)
                            do throws(BucketFailure) {
                                _ = try await client.put(key, RawSpan(_elements: bytes.span), if: .none, io)
                            } catch {
                                failures += 1
                            }
                        }
                        return failures
                    }
                }
            }
            return await group.reduce(0, +)
        }
        await worker.shutDown()
        try #require(failures == 0)
    }

    /// Removes an object straight from the bucket.
    func remove(_ key: String) async throws {
        let store = try await store()
        let worker = try BackgroundWorker()
        try await worker.run { io throws(ObjectStoreError) in try await store.remove([ObjectKey(key)], io) }
        await worker.shutDown()
    }

    /// How many objects are being stored in parts.
    func uploads() async throws -> Int {
        let client = BucketClient(try await store())
        let worker = try BackgroundWorker()
        let request = S3Request(method: .get, key: "", query: [("prefix", prefix), ("uploads", "")])
        let answer: S3Answer? = await worker.run { io in try? await client.perform(request, "list", .none, io) }
        await worker.shutDown()
        let text = String(decoding: try #require(answer).body, as: UTF8.self)
        return text.components(separatedBy: "<UploadId>").count - 1
    }

    /// What the bucket has under a key.
    func object(_ key: String) async throws -> BucketObject? {
        let client = BucketClient(try await store())
        let worker = try BackgroundWorker()
        let key = BucketKey("\(prefix)/\(key)")
        let found: BucketObject? = await worker.run { io in try? await client.look(at: key, io) }
        await worker.shutDown()
        return found
    }
}
