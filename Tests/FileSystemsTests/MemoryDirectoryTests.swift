import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

@Suite struct MemoryDirectoryTests {
    /// What a read from a cookie shows: names, nodes and cookies.
    private func read(_ directory: MemoryDirectory, after cookie: UInt64) -> [(String, UInt64, UInt64)] {
        var seen: [(String, UInt64, UInt64)] = []
        directory.forEach(after: cookie) { name, child, cookie in
            seen.append((String(name), child.node.rawValue, cookie))
            return true
        }
        return seen
    }

    @Test func showsItselfAndItsParentFirst() {
        var directory = MemoryDirectory(node: NodeID(7), parent: NodeID(5))
        for (number, name) in (["b", "a"] as [StoredName]).enumerated() {
            let child = MemoryDirectory.Child(node: NodeID(UInt64(10 + number)), type: .regular)
            name.withName { directory.names.insert($0, child) }
        }
        let all = read(directory, after: 0)
        #expect(all.map(\.0) == [".", "..", "b", "a"])
        #expect(all.map(\.1) == [7, 5, 10, 11])
        #expect(!all.map(\.2).contains(0), "0 means the start")
        for (index, item) in all.enumerated() {
            #expect(read(directory, after: item.2).map(\.0) == all[(index + 1)...].map(\.0))
        }
        #expect(read(directory, after: .max).isEmpty)
        directory.isRemoved = true
        #expect(read(directory, after: 0).map(\.0) == [".", "b", "a"])
    }

    @Test func stopsWhereItIsTold() {
        let directory = MemoryDirectory(node: NodeID(7), parent: NodeID(5))
        var calls = 0
        directory.forEach(after: 0) { _, _, _ in
            calls += 1
            return false
        }
        #expect(calls == 1)
    }

    /// Reads the root with attributes. Not async, which would be the default that knows no directories.
    private func listWithEntries(
        _ backend: MemoryFileSystem,
        capacity: Int,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let reply = Reply(capacity: capacity)
        var listing = unsafe DirectoryListing(base: reply.base, capacity: capacity, wantsEntries: true)
        try backend.entries(of: OpenFile(node: .root, handle: .none), after: 0, into: &listing, context)
    }

    /// READDIRPLUS counts a lookup of each node whose entry fits, and of no other.
    @Test func nodesThatWereListedAreKnown() async throws {
        let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
        let names = ["a", "b", "c"] as [StoredName]
        var files: [NodeID] = []
        for name in names { files.append(try await calls.makeFile(name, in: .root).node) }
        // An entry takes 160 bytes: there is room for `.`, `..`, and two of the three.
        try listWithEntries(calls.backend, capacity: 4 * 160, calls.context)
        for name in names { try await calls.removeFile(name, in: .root) }
        for file in files { calls.backend.forget(file, lookups: 1) }
        for (file, isKnown) in zip(files, [true, true, false]) {
            #expect(await errno { try await calls.attributes(of: file) } == (isKnown ? nil : .staleNFSFileHandle))
            calls.backend.forget(file, lookups: 1)
            #expect(await errno { try await calls.attributes(of: file) } == .staleNFSFileHandle)
        }
        #expect(calls.backend.budget.usedNodes == 1)
    }

    /// A directory that is read while names come and go: what stays is seen once, what comes or goes at the most once.
    @Test(.timeLimit(.minutes(3))) func readsWhileItChanges() async throws {
        let count = 200_000
        let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
        let directory = try await calls.makeDirectory("large").node
        for number in 0..<count { _ = try await calls.makeFile(StoredName("\(number)"), in: directory) }
        var random = Seeded(seed: 200_000)
        var seen: [String: Int] = [:]
        var cookies: [UInt64] = [0]
        var gone: Set<Int> = []
        var made = count
        while let page = try await calls.page(of: directory, after: cookies[cookies.count - 1], capacity: 16 << 10) {
            for (name, cookie) in page {
                seen[name, default: 0] += 1
                cookies.append(cookie)
            }
            if page.isEmpty { cookies.append(2) }
            // Every third number may go; each page a few do, and others come.
            for _ in 0..<100 {
                let number = Int.random(in: 0..<count / 3, using: &random) * 3
                guard gone.insert(number).inserted else { continue }
                try await calls.removeFile(StoredName("\(number)"), in: directory)
            }
            for _ in 0..<20 where made < count + 20_000 {
                _ = try await calls.makeFile(StoredName("\(made)"), in: directory)
                made += 1
            }
        }
        #expect(seen.values.allSatisfy { $0 == 1 })
        let lost = (0..<count).filter { !gone.contains($0) && seen["\($0)"] == nil }
        #expect(lost.isEmpty)
        #expect(gone.count > 10_000, "hardly a name has gone: nothing is shown")
        // seekdir: from a cookie that was told before, whatever has happened to its own name since.
        for _ in 0..<50 {
            let index = Int.random(in: 1..<cookies.count, using: &random)
            let page = try #require(try await calls.page(of: directory, after: cookies[index])).map(\.cookie)
            #expect(page.allSatisfy { $0 > cookies[index] })
        }
        // rewinddir, and then to the end: what is there now, once.
        var names: [String] = []
        var cookie: UInt64 = 0
        while let page = try await calls.page(of: directory, after: cookie, capacity: 64 << 10) {
            names += page.map(\.name)
            cookie = page.last?.cookie ?? 2
        }
        #expect(names.count == made - gone.count && Set(names).count == names.count)
        for name in names { try await calls.removeFile(StoredName(name), in: directory) }
        try await calls.removeDirectory("large")
    }
}
