package import NetworkStore
import RingFUSE
import TestSupport

/// A bucket of the SeaweedFS that all tests share.
package enum TestBucket {
    /// A store in it.
    ///
    /// - Parameter prefix: of the store's own.
    package static func store(prefix: String, options: S3Options = S3Options()) async throws -> S3Store {
        try await ready.value
        let server = try await SeaweedServer.shared.value
        return try Self.store(server.url(prefix: prefix), options: options, environment: SeaweedServer.environment)
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
    private static let ready = Task {
        let server = try await SeaweedServer.shared.value
        let store = try Self.store(server.url(), environment: SeaweedServer.environment)
        let worker = try BackgroundWorker()
        try await worker.run { io throws(ObjectStoreError) in try await store.createBucket(io) }
        await worker.shutDown()
    }
}
