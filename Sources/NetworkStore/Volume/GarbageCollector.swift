public import RingFUSE
internal import SystemPackage

/// Removes objects that nobody refers to from the store: what files that were removed or overwritten had, and what sessions
/// that are over stored and never committed. Nothing is looked for in the store: the metadata knows.
public struct GarbageCollector: Sendable {
    private let engine: any MetadataEngine
    private let store: any ObjectStore
    private let keys: ObjectKeys

    /// Objects that are removed with one request.
    private static let batch = 500

    /// The collector of a volume.
    public init(engine: any MetadataEngine, store: any ObjectStore) {
        self.engine = engine
        self.store = store
        keys = ObjectKeys(volume: engine.volume.identifier)
    }

    /// Removes what is garbage now. May be interrupted at any point, and run again.
    ///
    /// - Parameters:
    ///   - limit: the most objects; `nil` for all.
    ///   - progress: told how many are removed, now and then.
    /// - Returns: how many were removed.
    public func collect(
        limit: Int? = nil,
        _ io: borrowing AsyncIO,
        progress: (Int) -> Void = { _ in }
    ) async throws(VolumeFailure) -> Int {
        var removed = 0
        while removed < limit ?? .max, !Task.isCancelled {
            let numbers = try await VolumeFailure.ofEngine { () async throws(Errno) in
                try await engine.garbage(limit: min(Self.batch, (limit ?? .max) - removed))
            }
            guard !numbers.isEmpty else { break }
            // What made them garbage must not be lost by a crash of the machine once they are gone: the file that had them
            // would have them again.
            try await VolumeFailure.ofEngine { () async throws(Errno) in try await engine.synchronize() }
            do throws(ObjectStoreError) {
                try await store.remove(numbers.map { keys[$0] }, io)
            } catch {
                throw .store(error)
            }
            // Only now: an object without a number would never be found again.
            try await VolumeFailure.ofEngine { () async throws(Errno) in try await engine.forget(numbers) }
            removed += numbers.count
            progress(removed)
        }
        return removed
    }
}
