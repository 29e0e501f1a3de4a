import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// The trash of a volume that is opened for it.
struct VolumeTrash: TrashTarget {
    private let engine: any MetadataEngine
    private var can: TrashCan { TrashCan(engine) }

    /// Opens a volume.
    ///
    /// - Parameter writes: whether anything is to be changed.
    init(_ metadata: MetadataLocation, writes: Bool) async throws {
        guard writes else {
            engine = try await metadata.openForReading()
            return
        }
        do {
            engine = try await metadata.open(takesOver: false)
        } catch let error as VolumeError {
            guard case .inUse(_, _, false) = error else { throw error }
            throw ValidationError("\(error); where it is mounted, name the directory instead")
        }
    }

    func state() async throws -> TrashState { try await can.state() }

    func items(after time: UInt64) async throws -> [TrashItem] { try await can.items(after: time) }

    func keep(seconds: UInt64) async throws { try await engine.setTrashAge(seconds) }

    func restore(_ entry: UInt64, to directory: UInt64?) async throws {
        _ = try await can.restore(NodeID(entry), to: directory.map { NodeID($0) })
    }

    func discard(before time: UInt64, progress: @escaping @Sendable (Int) -> Void) async throws -> Int {
        try await can.discard(before: time, progress: progress)
    }

    func directory(_ path: String) async throws -> UInt64 {
        let node = try await VolumeDirectory.node(path, engine)
        guard try await engine.node(node).type == .directory else {
            throw ValidationError("\(path): is not a directory")
        }
        return node.rawValue
    }

    func close() async {
        // What was changed is there before anybody is told.
        try? await engine.synchronize()
        await engine.close()
    }
}
