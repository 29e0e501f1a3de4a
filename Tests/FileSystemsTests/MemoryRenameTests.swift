import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct MemoryRenameTests {
    let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20, nodeLimit: 20))

    @Test func movesAndReplaces() async throws {
        let a = try await calls.makeFile("a").node
        let b = try await calls.makeFile("b").node
        try await calls.rename("a", to: "b")
        #expect(try await calls.node("a") == nil)
        #expect(try await calls.node("b") == a)
        #expect(try await calls.attributes(of: b).linkCount == 0)
        calls.backend.forget(b, lookups: 1)
        #expect(calls.backend.budget.usedNodes == 2)
        let directory = try await calls.makeDirectory("directory").node
        try await calls.rename("b", to: "c", into: directory)
        #expect(try await calls.node("c", in: directory) == a)
        #expect(try await calls.node("b") == nil)
    }

    @Test func refuses() async throws {
        _ = try await calls.makeFile("file")
        _ = try await calls.makeFile("other")
        let upper = try await calls.makeDirectory("upper").node
        let lower = try await calls.makeDirectory("lower", in: upper).node
        _ = try await calls.makeDirectory("empty")
        #expect(await errno { try await calls.rename("x", to: "y") } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.rename("file", to: "other", .noReplace) } == .fileExists)
        #expect(await errno { try await calls.rename("file", to: "empty") } == .isDirectory)
        #expect(await errno { try await calls.rename("empty", to: "file") } == .notDirectory)
        #expect(await errno { try await calls.rename("empty", to: "upper") } == .directoryNotEmpty)
        #expect(await errno { try await calls.rename("upper", to: "x", into: upper) } == .invalidArgument)
        #expect(await errno { try await calls.rename("upper", to: "x", into: lower) } == .invalidArgument)
        #expect(await errno { try await calls.rename("lower", in: upper, to: "upper") } == .directoryNotEmpty)
        #expect(await errno { try await calls.rename("file", to: "x", .exchange) } == .noSuchFileOrDirectory)
        #expect(
            await errno { try await calls.rename("upper", to: "lower", into: upper, .exchange) } == .invalidArgument
        )
        #expect(
            await errno { try await calls.rename("lower", in: upper, to: "upper", .exchange) } == .invalidArgument
        )
        for flags in [[.exchange, .noReplace], [.exchange, .whiteout], RenameFlags(rawValue: 8)] as [RenameFlags] {
            #expect(await errno { try await calls.rename("file", to: "other", flags) } == .invalidArgument)
        }
        try await calls.removeDirectory("empty")
        #expect(await errno { try await calls.rename("file", to: "x", into: NodeID(99)) } == .staleNFSFileHandle)
        try await calls.removeDirectory("lower", in: upper)
        #expect(await errno { try await calls.rename("file", to: "x", into: lower) } == .noSuchFileOrDirectory)
        #expect(try await calls.node("file") != nil)
    }

    @Test func keepsLinkCountsOfDirectories() async throws {
        let a = try await calls.makeDirectory("a").node
        let b = try await calls.makeDirectory("b").node
        _ = try await calls.makeFile("file", in: b)
        let inner = try await calls.makeDirectory("inner", in: a).node
        let other = try await calls.makeDirectory("other", in: b).node
        try await calls.rename("inner", in: a, to: "moved", into: b)
        try await expectLinks(root: 4, (a, 2), (b, 4))
        #expect(try await calls.node("..", in: inner) == b)
        try await calls.rename("moved", in: b, to: "other", into: b)
        try await expectLinks(root: 4, (a, 2), (b, 3), (other, 0), (inner, 2))
        try await calls.rename("other", in: b, to: "renamed", into: b)
        try await expectLinks(root: 4, (a, 2), (b, 3))
        try await calls.rename("a", to: "file", into: b, .exchange)
        try await expectLinks(root: 3, (a, 2), (b, 4))
        #expect(try await calls.node("..", in: a) == b)
        #expect(try await calls.node("file", in: b) == a)
    }

    /// Expects link counts of the root and of other nodes.
    private func expectLinks(root: UInt32, _ others: (node: NodeID, links: UInt32)...) async throws {
        #expect(try await calls.attributes(of: .root).linkCount == root)
        for other in others { #expect(try await calls.attributes(of: other.node).linkCount == other.links) }
    }

    @Test func twoNamesOfOneNodeStay() async throws {
        let file = try await calls.makeFile("a").node
        _ = try await calls.link(file, to: "b")
        try await calls.rename("a", to: "b")
        #expect(try await calls.node("a") == file)
        #expect(try await calls.node("b") == file)
        #expect(try await calls.attributes(of: file).linkCount == 2)
        try await calls.rename("a", to: "a")
        #expect(try await calls.node("a") == file)
    }

    @Test func leavesWhiteouts() async throws {
        let file = try await calls.makeFile("a").node
        try await calls.rename("a", to: "b", .whiteout)
        #expect(try await calls.node("b") == file)
        let whiteout = try await calls.lookUp("a").attributes
        #expect(whiteout.mode == NodeMode(.characterDevice, permissions: 0))
        #expect(whiteout.device == 0)
        let full = Calls(MemoryFileSystem(byteLimit: 0, nodeLimit: 2))
        _ = try await full.makeFile("a")
        #expect(await errno { try await full.rename("a", to: "b", .whiteout) } == .noSpace)
        #expect(try await full.node("a") != nil)
        #expect(try await full.node("b") == nil)
    }
}
