import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// A directory of a volume that is opened for it.
struct VolumeQuota: QuotaTarget {
    /// The volume.
    let metadata: MetadataLocation
    /// The directory, from the volume's root on.
    let directory: String

    func set(
        _ limits: QuotaRecord.Limits,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> QuotaRecord {
        try await metadata.withEngine { engine in
            let node = try await VolumeDirectory.node(directory, engine)
            return try await QuotaWalk(engine).set(node, limits) { progress("\($0) names looked at") }
        }
    }

    func clear(progress: @escaping @Sendable (String) -> Void) async throws {
        do {
            try await metadata.withEngine { engine in
                let node = try await VolumeDirectory.node(directory, engine)
                _ = try await QuotaWalk(engine).clear(node) { progress("\($0) files and directories taken out") }
            }
        } catch Errno.noData {
            throw ValidationError("\(directory): has no quota")
        }
    }

    func show() async throws -> [QuotaRecord] {
        try await metadata.withReadEngine { engine in
            let record = try await engine.node(try await VolumeDirectory.node(directory, engine))
            return try await engine.quotas(at: record.quota)
        }
    }
}
