import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport

/// Random changes of a volume in which quotas come and go; and what is removed, where it has a trash.
struct QuotaStorm {
    private let calls: MetadataCalls
    private var random: Seeded
    private var directories: [NodeID] = [.root]
    private var files: [NodeID] = []
    /// Changes that were made.
    private(set) var successes = 0
    /// Entries of the trash that were restored, or removed for good.
    private(set) var restorations = 0
    /// What others were refused with.
    private(set) var refusals: Set<Errno> = []

    private let hasTrash: Bool

    /// An empty volume.
    init(_ calls: MetadataCalls, seed: UInt64, hasTrash: Bool = false) {
        self.calls = calls
        self.hasTrash = hasTrash
        random = Seeded(seed: seed)
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private mutating func name() -> StoredName { pick(["a", "b", "c", "d"]) }

    /// Does something, or is refused.
    mutating func step() async throws {
        do throws(Errno) {
            if hasTrash, Int.random(in: 0..<4, using: &random) == 0 {
                try await useTrash()
            } else {
                try await change()
            }
            successes += 1
        } catch {
            guard error != .ioError else { throw error }
            refusals.insert(error)
        }
    }

    private mutating func change() async throws(Errno) {
        let (directory, name) = (pick(directories), name())
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3: directories.append(try await calls.makeDirectory(name, in: directory))
        case 3..<6: files.append(try await calls.make(name, in: directory).id)
        case 6..<9 where !files.isEmpty:
            try await calls.write(
                pick(files), at: UInt64.random(in: 0..<100, using: &random), UInt64.random(in: 1..<200, using: &random))
        case 9 where !files.isEmpty:
            try await calls.resize(pick(files), to: UInt64.random(in: 0..<200, using: &random))
        case 10..<14:
            let flags: RenameFlags = pick([[], [], .exchange, .whiteout])
            let (newName, target) = (self.name(), pick(directories))
            try await settle(try await calls.rename(name, in: directory, to: newName, into: target, flags))
        case 14 where !files.isEmpty: try await calls.link(pick(files), to: name, in: directory)
        case 15: try await settle(try await calls.removeFile(name, in: directory))
        case 16: try await settle(try await calls.removeDirectory(name, in: directory))
        case 17, 18: try await limit(directory)
        default: try await QuotaWalk(calls.engine).clear(directory)
        }
    }

    /// Restores something, or removes it for good; somebody may have it open.
    private mutating func useTrash() async throws(Errno) {
        let entries = try await calls.engine.trash(after: 0, until: .max, limit: 100)
        guard let entry = entries.randomElement(using: &random) else {
            let (directory, name) = (pick(directories), name())
            try await calls.write(try await calls.make(name, in: directory).id, at: 0, 10)
            try await calls.removeFile(name, in: directory)
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0, 1: _ = try await TrashCan(calls.engine).restore(entry.id)
        case 2: _ = try await TrashCan(calls.engine).restore(entry.id, to: pick(directories))
        default:
            let isInUse = Bool.random(using: &random)
            _ = try await calls.engine.discard([entry], inUse: isInUse ? [entry.id] : [])
            guard !isInUse else { return }
            directories.removeAll { $0 == entry.id }
            files.removeAll { $0 == entry.id }
        }
        restorations += 1
    }

    /// Sets a quota; counting may stop at any point.
    private mutating func limit(_ directory: NodeID) async throws(Errno) {
        let limits = QuotaRecord.Limits(
            bytes: pick([nil, 100, 500]), nodes: pick([nil, 3, 10]))
        if Bool.random(using: &random) {
            try await QuotaWalk(calls.engine).set(directory, limits)
        } else {
            _ = try await calls.engine.setQuota(of: directory, limits)
            try await calls.engine.adopt(["a", "c"], of: directory, into: directory)
        }
    }

    /// A node that has lost its last name goes, or somebody has it open.
    private mutating func settle(_ node: NodeRecord?) async throws(Errno) {
        guard let node, node.attributes.linkCount == 0, !node.isInTrash, Bool.random(using: &random) else { return }
        try await calls.engine.dispose(of: node.id)
        directories.removeAll { $0 == node.id }
        files.removeAll { $0 == node.id }
    }
}
