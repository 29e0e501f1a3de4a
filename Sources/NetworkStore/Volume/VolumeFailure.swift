public import SystemPackage

/// Which half of a volume has failed, and how.
public enum VolumeFailure: Error, Sendable, CustomStringConvertible {
    /// The metadata engine.
    case engine(Errno)
    /// The object store.
    case store(ObjectStoreError)

    /// Asks the engine: what it throws is its failure.
    static func ofEngine<Result>(_ body: () async throws(Errno) -> Result) async throws(VolumeFailure) -> Result {
        do throws(Errno) { return try await body() } catch { throw .engine(error) }
    }

    /// What a program sees.
    public var errno: Errno {
        switch self {
        case .engine(let errno): errno
        case .store(let error): error.errno
        }
    }

    /// One line.
    public var description: String {
        switch self {
        case .engine(let errno): "the metadata: \(errno)"
        case .store(let error): "the object store: \(error)"
        }
    }
}
