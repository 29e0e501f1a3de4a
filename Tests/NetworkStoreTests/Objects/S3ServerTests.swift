import Foundation
import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

/// A real server: what it refuses, and TLS.
@Suite struct S3ServerTests {
    private func outcome(
        _ url: String,
        _ environment: [String: String]
    ) async throws -> ObjectStoreError? {
        var options = S3Options()
        options.attempts = 2
        let store = try TestBucket.store(url, options: options, environment: environment)
        let worker = try BackgroundWorker()
        let error = await store.failure(ObjectKey("none"), at: 0, count: 1, worker)
        await worker.shutDown()
        return error
    }

    /// Wrong keys and buckets: one line that says which.
    @Test(.enabled(if: ServerLimit.signatures.isAsked, "\(ServerLimit.signatures.comment)"))
    func refusals() async throws {
        _ = try await TestBucket.store(prefix: "refusals")
        let server = try await ObjectServer.shared.value
        #expect(try await outcome(server.url(), server.keys) == .missing(ObjectKey("none")))
        var keys = server.keys
        keys["AWS_SECRET_ACCESS_KEY"] = "not-the-secret"
        let wrongSecret = try await outcome(server.url(), keys)
        #expect(
            wrongSecret?.description.contains("AWS_SECRET_ACCESS_KEY") == true, "\(String(describing: wrongSecret))")
        #expect(wrongSecret?.description.contains("not-the-secret") == false)
        keys = server.keys
        keys["AWS_ACCESS_KEY_ID"] = "nobody"
        let wrongKey = try await outcome(server.url(), keys)
        #expect(wrongKey?.description.contains("AWS_ACCESS_KEY_ID") == true, "\(String(describing: wrongKey))")
        let store = try TestBucket.store(
            server.url(bucket: "no-such-bucket"), environment: server.keys)
        let worker = try BackgroundWorker()
        do throws(ObjectStoreError) {
            _ = try await store.list(prefix: "", after: nil, limit: 1, worker)
            Issue.record("a bucket that is not there was listed")
        } catch {
            #expect(error.description.contains("no bucket no-such-bucket"), "\(error)")
        }
        await worker.shutDown()
    }

    /// Bodies whose hash is signed, and such whose is not: a server that checks takes both.
    @Test(arguments: ["signed", "unsigned"])
    func payloads(_ payload: String) async throws {
        _ = try await TestBucket.store(prefix: "payloads")
        let server = try await ObjectServer.shared.value
        let store = try TestBucket.store(
            server.url(prefix: "p-\(payload)", options: "&payload=\(payload)"),
            environment: server.keys)
        let worker = try BackgroundWorker()
        let content = Content.bytes(70_000, seed: 3)
        try await store.put(ObjectKey("x"), content, worker)
        #expect(try await store.get(ObjectKey("x"), at: 0, count: 70_000, worker) == content)
        await worker.shutDown()
    }

    /// More than a page of a listing, and more than a batch of removals.
    @Test func manyObjects() async throws {
        let store = try await TestBucket.store(prefix: "many-\(UInt32.random(in: 0...UInt32.max))")
        let worker = try BackgroundWorker()
        let keys = (0..<1100).map { ObjectKey("k/\($0 + 10_000)") }
        await withTaskGroup(of: Void.self) { group in
            for share in 0..<11 {
                group.addTask {
                    for key in keys[share * 100..<(share + 1) * 100] { try? await store.put(key, [1], worker) }
                }
            }
        }
        let all = try await store.list(prefix: "", after: nil, limit: 5000, worker)
        #expect(all.map(\.key) == keys)
        #expect(try await store.list(prefix: "", after: nil, limit: 1050, worker).count == 1050)
        try await store.remove(keys, worker)
        #expect(try await store.list(prefix: "", after: nil, limit: 10, worker) == [])
        await worker.shutDown()
    }

    /// To go on after a key leaves nothing out, also where the server has another order and nothing has shown it yet.
    @Test(arguments: [("b-", ["b.", "b/a", "b0"]), ("b.", ["b/a", "b0"]), ("b/a", ["b0"])])
    func goesOn(_ after: String, _ rest: [String]) async throws {
        let prefix = "order-\(UInt32.random(in: 0...UInt32.max))"
        let worker = try BackgroundWorker()
        let first = try await TestBucket.store(prefix: prefix)
        for key in ["b-", "b.", "b/a", "b0"] { try await first.put(ObjectKey(key), [1], worker) }
        for limit in [rest.count, 1000] {
            let store = try await TestBucket.store(prefix: prefix)
            let found = try await store.list(prefix: "", after: ObjectKey(after), limit: limit, worker)
            #expect(found.map(\.key.description) == rest)
        }
        await worker.shutDown()
    }

    // MARK: TLS

    @Test(
        .enabled(if: ServerLimit.encryption.isAsked, "\(ServerLimit.encryption.comment)"),
        arguments: [BackgroundWorker.Engine.automatic, .threads], ["127.0.0.1", "localhost"])
    func encrypted(_ engine: BackgroundWorker.Engine, _ host: String) async throws {
        _ = try await TestBucket.store(prefix: "tls")
        let server = try await SeaweedServer.shared.value
        let store = try TestBucket.store(
            "s3://test-bucket/tls-\(engine)-\(host)?endpoint=https://\(host):\(server.encryptedPort)"
                + "&ca=\(server.certificate)",
            environment: SeaweedServer.environment)
        let worker = try BackgroundWorker(engine: engine)
        for size in [0, 1, 5000, 3 << 20] {
            let content = Content.bytes(size, seed: size)
            let key = ObjectKey("size-\(size)")
            try await store.put(key, content, worker)
            #expect(try await store.get(key, at: 0, count: size, worker) == content, "\(size) bytes")
        }
        #expect(try await store.list(prefix: "", after: nil, limit: 10, worker).count == 4)
        await worker.shutDown()
    }

    /// A certificate that nobody has signed whom this machine trusts, one for another host, and none at all.
    @Test(.enabled(if: ServerLimit.encryption.isAsked, "\(ServerLimit.encryption.comment)"))
    func certificates() async throws {
        _ = try await TestBucket.store(prefix: "tls")
        let server = try await SeaweedServer.shared.value
        let place = "s3://test-bucket?endpoint=https://"
        let untrusted = try await outcome("\(place)127.0.0.1:\(server.encryptedPort)", SeaweedServer.environment)
        #expect(untrusted?.description.contains("certificate") == true, "\(String(describing: untrusted))")
        #expect(untrusted?.description.contains("ca=FILE") == true)
        // An address of the loopback that the certificate does not name.
        let other = try await outcome(
            "\(place)127.0.0.2:\(server.encryptedPort)&ca=\(server.certificate)", SeaweedServer.environment)
        #expect(other != nil && other != .missing(ObjectKey("none")), "\(String(describing: other))")
        let plain = try await outcome(
            "\(place)127.0.0.1:\(server.port)&ca=\(server.certificate)", SeaweedServer.environment)
        #expect(plain?.description.contains("TLS") == true, "\(String(describing: plain))")
        #expect(throws: ObjectStoreError.self) {
            try TestBucket.store("\(place)h&ca=/no/such/file", environment: SeaweedServer.environment)
        }
    }
}
