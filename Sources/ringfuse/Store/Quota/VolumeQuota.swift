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
        let engine = try await metadata.open(takesOver: false)
        let result: Result<QuotaRecord, any Error>
        do {
            let node = try await VolumeDirectory.node(directory, engine)
            let quota = try await QuotaWalk(engine).set(node, limits) { progress("\($0) names looked at") }
            result = .success(quota)
        } catch {
            result = .failure(error)
        }
        await engine.close()
        return try result.get()
    }

    func clear(progress: @escaping @Sendable (String) -> Void) async throws {
        let engine = try await metadata.open(takesOver: false)
        var failure: (any Error)?
        do {
            let node = try await VolumeDirectory.node(directory, engine)
            try await QuotaWalk(engine).clear(node) { progress("\($0) files and directories taken out") }
        } catch {
            failure = error
        }
        await engine.close()
        guard let failure else { return }
        throw failure as? Errno == .noData ? ValidationError("\(directory): has no quota") : failure
    }

    func show() async throws -> [QuotaRecord] {
        let engine = try await metadata.openForReading()
        let result: Result<[QuotaRecord], any Error>
        do {
            let record = try await engine.node(try await VolumeDirectory.node(directory, engine))
            result = .success(try await engine.quotas(at: record.quota))
        } catch {
            result = .failure(error)
        }
        await engine.close()
        return try result.get()
    }
}
