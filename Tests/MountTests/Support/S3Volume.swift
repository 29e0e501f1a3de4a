import StoreTestSupport
import SystemPackage
import Testing

/// Volumes whose objects are in the bucket of the tests.
enum S3Volume {
    /// A place of its own in the bucket, as `format --data` takes it.
    static func place() async throws -> String {
        try await TestBucket.ready.value
        return try await ObjectServer.shared.value.url(prefix: "volume-\(UInt32.random(in: 0...UInt32.max))")
    }

    /// Runs `ringfuse store` with the keys of the bucket.
    static func run(_ words: [String], keys: [String]) async throws -> ChildProcess.Ending {
        try await ChildProcess.start(
            keys + [ServerProcess.tool.string, "store"] + words, limit: .seconds(120)
        ).ended()
    }

    /// Runs a command that must succeed, and gives what it said.
    @discardableResult
    static func succeed(_ words: [String], keys: [String]) async throws -> String {
        let ending = try await run(words, keys: keys)
        try #require(ending.isSuccess, "\(words): \(ending.text)")
        return ending.text
    }
}
