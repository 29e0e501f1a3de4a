import NetworkStore
import RingFUSE
import SystemPackage

/// Changes of a volume that go on until the process is killed. Each task has a directory of its own, does the same steps one
/// after another, and says so after each.
///
/// Step `s` of a cycle of five that begins at `c`: make `a<c>`, write it durably, rename it to `b<c>`, link it as `c<c>`,
/// remove `b<c>`.
enum Storm {
    /// A step of a task: its number, the directory of the task, the file that it is at.
    typealias Step = @Sendable (Int, NodeID, inout NodeID, any MetadataEngine) async throws(Errno) -> Void

    static func run(_ path: String, tasks: Int, _ perform: @escaping Step) async throws {
        let engine = try await StoreStorm.open(path)
        var directories: [NodeID] = []
        for task in 0..<tasks {
            let name = StoredName("\(task)")
            let template = NodeTemplate(NewNode(mode: .directory), by: Caller(userID: 0, groupID: 0))
            directories.append(try await engine.make(Name(name.bytes.span), in: .root, template).id)
        }
        StoreStorm.say("ready")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (task, directory) in directories.enumerated() {
                group.addTask {
                    var file = NodeID(0)
                    for step in 0... {
                        try await perform(step, directory, &file, engine)
                        StoreStorm.say("\(task) \(step)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static func perform(
        _ step: Int,
        in directory: NodeID,
        _ file: inout NodeID,
        _ engine: any MetadataEngine
    ) async throws(Errno) {
        let cycle = step - step % 5
        let (a, b, c) = (StoredName("a\(cycle)"), StoredName("b\(cycle)"), StoredName("c\(cycle)"))
        let caller = Caller(userID: 0, groupID: 0)
        switch step % 5 {
        case 0:
            let template = NodeTemplate(NewNode(mode: .regular), by: caller)
            file = try await engine.make(Name(a.bytes.span), in: directory, template).id
        case 1:
            var change = ContentChange(of: file)
            let number = try await engine.reserveObjects(1).lowerBound
            change.objects = [ObjectRecord(number: number, length: UInt64(cycle + 1), layout: [])]
            change.extents = [Extent(offset: 0, length: UInt64(cycle + 1), place: .object(number, offset: 0))]
            _ = try await engine.commit(change, durably: true)
        case 2:
            _ = try await engine.rename(
                Name(a.bytes.span), in: directory, to: Name(b.bytes.span), in: directory, [], caller)
        case 3: _ = try await engine.link(file, to: Name(c.bytes.span), in: directory)
        default: _ = try await engine.removeFile(Name(b.bytes.span), in: directory)
        }
    }
}
