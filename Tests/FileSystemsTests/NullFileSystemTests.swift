import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct NullFileSystemTests {
    let calls = Calls(NullFileSystem(capacity: 4))

    @Test func readsZerosUpToTheSize() async throws {
        let file = try await calls.create("file").entry.node
        #expect(try await calls.read(file, 10) == [])
        #expect(try await calls.change(file) { $0.size = 5 }.size == 5)
        #expect(try await calls.read(file, 10) == [0, 0, 0, 0, 0])
        #expect(try await calls.read(file, at: 3, 10) == [0, 0])
        #expect(try await calls.read(file, at: 5, 10) == [])
        #expect(try await calls.read(file, at: .max, 10) == [])
        #expect(try await calls.read(file, 2) == [0, 0])
    }

    @Test func growsWithWrites() async throws {
        let file = try await calls.create("file").entry.node
        #expect(try await calls.write([1, 2, 3], to: file, at: 7) == 3)
        #expect(try await calls.attributes(of: file).size == 10)
        #expect(try await calls.write([1, 2, 3], to: file) == 3)
        #expect(try await calls.attributes(of: file).size == 10)
        #expect(try await calls.write([], to: file, at: 100) == 0)
        #expect(try await calls.attributes(of: file).size == 10)
        let end = UInt64(Int64.max)
        #expect(try await calls.write([1], to: file, at: end - 1) == 1)
        #expect(await errno { try await calls.write([1], to: file, at: end) } == .fileTooLarge)
        #expect(await errno { try await calls.change(file) { $0.size = end + 1 } } == .fileTooLarge)
        #expect(try await calls.open(file, [.truncate, .readWrite]).options == .keepCache)
        #expect(try await calls.attributes(of: file).size == 0)
    }

    @Test func immediateTierAnswers() throws {
        let backend = calls.backend
        let context = calls.context
        let name: StoredName = "file"
        let mode = NewNode(mode: .regular)
        let node = try name.withName { try backend.makeNode(named: copy $0, in: .root, mode, context).node }
        try name.withName {
            guard case .answered(let entry) = try backend.lookUpImmediately(copy $0, in: .root, context) else {
                Issue.record("deferred")
                return
            }
            #expect(entry.node == node)
        }
        let file = OpenFile(node: node, handle: .none)
        let bytes: [UInt8] = [1, 2]
        let data = unsafe bytes.span.bytes
        guard case .answered(2) = try backend.writeImmediately(file, at: 0, from: data, [], context),
            case .answered(let reply) = try backend.attributesImmediately(of: node, nil, context)
        else {
            Issue.record("deferred")
            return
        }
        #expect(reply.attributes.size == 2)
        #expect(try backend.zeros(file, at: 0, count: 8, context) == 2)
        #expect(try backend.zeros(file, at: 1, count: 1, context) == 1)
        #expect(try backend.zeros(file, at: 2, count: 8, context) == 0)
    }

    @Test func nodesAreReusedOnlyWhenForgotten() async throws {
        var first: Entry?
        for name in ["a", "b", "c", "d"] as [StoredName] {
            let entry = try await calls.makeFile(name)
            if first == nil { first = entry }
        }
        let entry = try #require(first)
        #expect(try await calls.statistics().freeNodes == 0)
        #expect(await errno { try await calls.makeFile("e") } == .noSpace)
        try await calls.change(entry.node) { $0.size = 9 }
        try await calls.removeFile("a")
        // Open, perhaps: it still has its size, and its node is not given away.
        #expect(try await calls.attributes(of: entry.node).size == 9)
        #expect(await errno { try await calls.makeFile("e") } == .noSpace)
        calls.backend.forget(entry.node, lookups: 1)
        #expect(await errno { try await calls.attributes(of: entry.node) } == .staleNFSFileHandle)
        #expect(await errno { try await calls.read(entry.node, 1) } == .staleNFSFileHandle)
        let next = try await calls.makeFile("e")
        #expect(next.node == entry.node)
        #expect(next.generation != entry.generation)
        #expect(next.attributes.size == 0)
    }

    @Test func renames() async throws {
        let a = try await calls.makeFile("a").node
        let b = try await calls.makeFile("b").node
        #expect(await errno { try await calls.rename("a", to: "b", .noReplace) } == .fileExists)
        #expect(await errno { try await calls.rename("x", to: "b") } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.rename("a", to: "c", .exchange) } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.rename("a", to: "c", .whiteout) } == .invalidArgument)
        try await calls.rename("a", to: "b", .exchange)
        #expect(try await calls.node("a") == b)
        #expect(try await calls.node("b") == a)
        try await calls.rename("a", to: "b")
        #expect(try await calls.node("a") == nil)
        #expect(try await calls.node("b") == b)
        #expect(try await calls.statistics().freeNodes == 2)
        calls.backend.forget(a, lookups: 2)
        #expect(try await calls.statistics().freeNodes == 3)
    }

    @Test func refusesWhatItIsNot() async throws {
        _ = try await calls.makeFile("a")
        #expect(await errno { try await calls.makeFile("a") } == .fileExists)
        #expect(await errno { try await calls.removeFile("x") } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.read(.root, 1) } == .isDirectory)
        #expect(await errno { try await calls.attributes(of: NodeID(99)) } == .staleNFSFileHandle)
        #expect(await errno { try await calls.lookUp("x", in: NodeID(2)) } == .notDirectory)
        let fifo = NewNode(mode: NodeMode(.fifo, permissions: 0o644))
        #expect(await errno { try await calls.makeNode("f", fifo) } == .notPermitted)
        let long = StoredName(String(repeating: "x", count: 256))
        #expect(await errno { try await calls.makeFile(long) } == .fileNameTooLong)
    }
}
