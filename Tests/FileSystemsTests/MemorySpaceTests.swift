import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct MemorySpaceTests {
    /// Four pages, and three nodes beside the root.
    let calls = Calls(MemoryFileSystem(byteLimit: 4 * 4096, nodeLimit: 4))

    /// Content of whole pages.
    private func pages(_ count: Int, of byte: UInt8 = 1) -> [UInt8] { [UInt8](repeating: byte, count: count * 4096) }

    @Test func writesWhatFits() async throws {
        let file = try await calls.makeFile("file").node
        #expect(try await calls.write(pages(6), to: file) == 4 * 4096)
        #expect(try await calls.attributes(of: file).size == 4 * 4096)
        #expect(await errno { try await calls.write([1], to: file, at: 4 * 4096) } == .noSpace)
        #expect(try await calls.write([9], to: file, at: 5) == 1, "what is there can be overwritten")
        #expect(try await calls.statistics().freeBlocks == 0)
        #expect(try await calls.statistics().blocks == 4)
        try await calls.allocate(file, at: 4096, 4096, [.punchHole, .keepSize])
        #expect(try await calls.statistics().freeBlocks == 1)
        #expect(try await calls.write(pages(1), to: file, at: 4 * 4096) == 4096)
        #expect(try await calls.read(file, at: 4096, 2) == [0, 0])
    }

    @Test func thePageCacheWritesAllOrNothing() async throws {
        let file = try await calls.makeFile("file").node
        #expect(await errno { try await calls.write(pages(5), to: file, .fromCache) } == .noSpace)
        #expect(try await calls.attributes(of: file).size == 0)
        #expect(try await calls.statistics().freeBlocks == 4)
        #expect(try await calls.write(pages(4), to: file, .fromCache) == 4 * 4096)
    }

    /// The kernel would make EIO of a direct write that was cut short.
    @Test func directWritesAreAllOrNothing() async throws {
        let file = try await calls.makeFile("file").node
        #expect(await errno { try await calls.write(pages(5), to: file, flags: [.writeOnly, .direct]) } == .noSpace)
        #expect(try await calls.attributes(of: file).size == 0)
        #expect(try await calls.write(pages(4), to: file, flags: [.writeOnly, .direct]) == 4 * 4096)
    }

    @Test func aWriteStopsAtTheFirstPageThatIsMissing() async throws {
        let file = try await calls.makeFile("file").node
        // Pages 0, 2 and 3 are there, and the last one is taken.
        try await calls.write(pages(1), to: file)
        try await calls.write(pages(2), to: file, at: 2 * 4096)
        let other = try await calls.makeFile("other").node
        try await calls.write([1], to: other)
        #expect(try await calls.write(pages(3, of: 7), to: file) == 4096)
        #expect(try await calls.read(file, at: 4095, 2) == [7, 0])
        #expect(await errno { try await calls.write([1], to: file, at: 4096) } == .noSpace)
        #expect(try await calls.statistics().freeBlocks == 0)
    }

    @Test func allocatesAllOrNothing() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.write(pages(1), to: file, at: 4096)
        #expect(await errno { try await calls.allocate(file, at: 0, 5 * 4096) } == .noSpace)
        #expect(await errno { try await calls.allocate(file, at: 0, 5 * 4096, .zeroRange) } == .noSpace)
        #expect(try await calls.attributes(of: file).blocks == 8)
        #expect(try await calls.read(file, at: 4096, 1) == [1])
        try await calls.allocate(file, at: 0, 4 * 4096, .keepSize)
        #expect(try await calls.attributes(of: file).size == 2 * 4096)
        #expect(try await calls.attributes(of: file).blocks == 32)
        #expect(try await calls.read(file, at: 4096, 1) == [1])
        #expect(try await calls.statistics().freeBlocks == 0)
        try await calls.change(file) { $0.size = 1 }
        #expect(try await calls.statistics().freeBlocks == 3, "a cut frees what is beyond the end, too")
    }

    @Test func countsNodes() async throws {
        _ = try await calls.makeFile("a")
        _ = try await calls.makeDirectory("b")
        let link = try await calls.makeSymbolicLink("c", to: "x").node
        #expect(try await calls.statistics().freeNodes == 0)
        #expect(try await calls.statistics().nodes == 4)
        #expect(await errno { try await calls.makeFile("d") } == .noSpace)
        #expect(await errno { try await calls.makeDirectory("d") } == .noSpace)
        #expect(await errno { try await calls.create("d") } == .noSpace)
        #expect(try await calls.node("d") == nil)
        #expect(try await calls.attributes(of: .root).linkCount == 3, "what failed has left no trace")
        try await calls.removeFile("c")
        #expect(await errno { try await calls.makeFile("d") } == .noSpace, "the kernel still knows it")
        calls.backend.forget(link, lookups: 1)
        _ = try await calls.makeFile("d")
    }

    @Test func countsLinksAndExtendedAttributes() async throws {
        let target = StoredName(String(repeating: "x", count: 4000))
        let link = try await calls.makeSymbolicLink("link", to: target).node
        #expect(try await calls.statistics().freeBlocks == 3)
        let file = try await calls.makeFile("file").node
        let value = [UInt8](repeating: 1, count: 10_000)
        try await calls.setExtendedAttribute("user.a", of: file, to: value)
        #expect(await errno { try await calls.setExtendedAttribute("user.b", of: file, to: value) } == .noSpace)
        #expect(await errno { try await calls.makeSymbolicLink("more", to: target) } == .noSpace)
        #expect(try await calls.node("more") == nil)
        #expect(try await calls.statistics().freeNodes == 1)
        try await calls.removeExtendedAttribute("user.a", of: file)
        try await calls.removeFile("link")
        calls.backend.forget(link, lookups: 1)
        #expect(calls.backend.budget.usedBytes == 0)
    }
}
