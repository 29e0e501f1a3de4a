package import NetworkStore
import RingFUSE
import TestSupport

/// A bucket of the server that all tests share.
package enum TestBucket {
    /// A store in it.
    ///
    /// - Parameter prefix: of the store's own.
    package static func store(prefix: String, options: S3Options = S3Options()) async throws -> S3Store {
        try await ready.value
        let server = try await ObjectServer.shared.value
        return try Self.store(server.url(prefix: prefix), options: options, environment: server.keys)
    }

    /// A store by its URL.
    package static func store(
        _ url: String,
        options: S3Options = S3Options(),
        environment: [String: String]
    ) throws -> S3Store {
        guard case .s3(let location) = try StoreURL(url) else { throw TestFailure("no bucket: \(url)") }
        return try S3Store(location, options: options, environment: environment)
    }

    /// Makes the bucket, once.
    package static let ready = Task {
        let server = try await ObjectServer.shared.value
        try await make(by: server.url(), server.keys)
    }

    /// Makes a bucket that a URL names.
    package static func make(by url: String, _ environment: [String: String]) async throws {
        let store = try Self.store(url, environment: environment)
        let worker = try BackgroundWorker()
        try await worker.run { io throws(ObjectStoreError) in
            do throws(ObjectStoreError) {
                try await store.createBucket(io)
            } catch {
                // Made by a run before this one, of a server that says so in a way of its own.
                guard (try? await store.list(prefix: "", after: nil, limit: 1, io)) != nil else { throw error }
            }
        }
        await worker.shutDown()
    }
}
