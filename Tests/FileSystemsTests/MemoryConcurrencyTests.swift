import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

@Suite struct MemoryConcurrencyTests {
    let backend = MemoryFileSystem(byteLimit: 4 << 20, nodeLimit: 200)

    /// Directories that all tasks work in.
    private func makeDirectories() async throws -> [NodeID] {
        var directories = [NodeID.root]
        for name in ["one", "two", "three"] as [StoredName] {
            directories.append(try await Calls(backend).makeDirectory(name).node)
        }
        return directories
    }

    @Test(.timeLimit(.minutes(2)))
    func staysConsistentUnderLoad() async throws {
        let directories = try await makeDirectories()
        let failures = await withTaskGroup(of: Set<Errno>.self) { group in
            for seed in 0..<4 as Range<UInt64> {
                group.addTask { [backend] in
                    var random = Seeded(seed: seed)
                    var failures = Set<Errno>()
                    for _ in 0..<3000 {
                        let failure = await errno { try await Self.step(Calls(backend), directories, &random) }
                        if let failure { failures.insert(failure) }
                    }
                    return failures
                }
            }
            return await group.reduce(into: Set<Errno>()) { $0.formUnion($1) }
        }
        // Others come between a look-up and its use, but nothing else may go wrong.
        let expected: Set<Errno> = [
            .noSuchFileOrDirectory, .fileExists, .directoryNotEmpty, .isDirectory, .notDirectory, .notPermitted,
            .invalidArgument, .noSpace, .staleNFSFileHandle,
        ]
        #expect(failures.isSubset(of: expected), "\(failures.subtracting(expected))")
        backend.tree.withLock { expectConsistent($0) }
        try await empty(.root)
        for directory in directories.dropFirst() { backend.forget(directory, lookups: 1) }
        #expect(backend.tree.withLock { $0.count } == 1)
        #expect(backend.budget.usedNodes == 1)
        #expect(backend.budget.usedBytes == 0)
    }

    /// One operation at random; each lookup that it causes is taken back.
    private static func step(
        _ calls: Calls<MemoryFileSystem>,
        _ directories: [NodeID],
        _ random: inout Seeded
    ) async throws {
        let directory = directories[Int.random(in: 0..<4, using: &random)]
        let other = directories[Int.random(in: 0..<4, using: &random)]
        let name = StoredName("n\(Int.random(in: 0..<12, using: &random))")
        let newName = StoredName("n\(Int.random(in: 0..<12, using: &random))")
        var known: NodeID?
        defer { if let known { calls.backend.forget(known, lookups: 1) } }
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: known = try await calls.makeFile(name, in: directory).node
        case 2: known = try await calls.makeDirectory(name, in: directory).node
        case 3: try await calls.removeFile(name, in: directory)
        case 4: try await calls.removeDirectory(name, in: directory)
        case 5: try await calls.rename(name, in: directory, to: newName, into: other)
        case 6: try await calls.rename(name, in: directory, to: newName, into: other, .exchange)
        case 7: try await calls.rename(name, in: directory, to: newName, into: other, .whiteout)
        case 8:
            known = try await calls.node(name, in: directory)
            guard let node = known else { return }
            // The node that is returned is known twice now.
            _ = try await calls.link(node, to: newName, in: other)
            calls.backend.forget(node, lookups: 1)
        case 9:
            known = try await calls.create(name, in: directory).entry.node
            guard let node = known else { return }
            try await calls.release(node)
        default:
            known = try await calls.node(name, in: directory)
            guard let node = known else { return }
            try await calls.write([UInt8](repeating: 1, count: 9000), to: node, at: UInt64.random(in: 0..<20_000))
            _ = try await calls.read(node, 100)
            try await calls.change(node) { $0.size = 5000 }
        }
    }

    /// Expects that link counts say what names there are.
    private func expectConsistent(_ tree: borrowing MemoryTree) {
        var names: [NodeID: Int] = [:]
        var subdirectories: [NodeID: Int] = [:]
        for (id, directory) in tree.directories.all {
            directory.forEach(after: 2) { _, child, _ in
                names[child.node, default: 0] += 1
                if child.type == .directory {
                    subdirectories[id, default: 0] += 1
                    #expect(tree.directories[child.node]?.parent == id)
                }
                return true
            }
        }
        #expect(tree.count == names.count + 1, "nodes without a name must have gone")
        for (id, count) in names {
            guard let node = try? tree.node(id) else {
                Issue.record("a name leads nowhere")
                continue
            }
            let isDirectory = node.type == .directory
            #expect(Int(node.attributes.linkCount) == (isDirectory ? 2 + subdirectories[id, default: 0] : count))
            if isDirectory { #expect(count == 1) }
        }
    }

    /// Removes all that is in a directory.
    private func empty(_ directory: NodeID) async throws {
        let children = backend.tree.withLock { tree in
            var children: [(StoredName, MemoryDirectory.Child)] = []
            tree.directories[directory]?.forEach(after: 2) { name, child, _ in
                children.append((StoredName(name), child))
                return true
            }
            return children
        }
        for (name, child) in children {
            guard child.type == .directory else {
                try await Calls(backend).removeFile(name, in: directory)
                continue
            }
            try await empty(child.node)
            try await Calls(backend).removeDirectory(name, in: directory)
        }
    }

    @Test func appendsDoNotOverwriteEachOther() async throws {
        let file = try await Calls(backend).makeFile("log").node
        await withTaskGroup(of: Void.self) { group in
            for writer in 1...4 as ClosedRange<UInt8> {
                group.addTask { [backend] in
                    for _ in 0..<500 {
                        let record = [UInt8](repeating: writer, count: 100)
                        let failure = await errno {
                            try await Calls(backend).write(record, to: file, flags: [.writeOnly, .append])
                        }
                        #expect(failure == nil)
                    }
                }
            }
        }
        let content = try await Calls(backend).read(file, 1 << 20)
        #expect(content.count == 4 * 500 * 100)
        var records = [UInt8: Int]()
        for start in stride(from: 0, to: content.count, by: 100) {
            let record = content[start..<start + 100]
            #expect(record.allSatisfy { $0 == record.first })
            records[content[start], default: 0] += 1
        }
        #expect(records == [1: 500, 2: 500, 3: 500, 4: 500])
    }
}
