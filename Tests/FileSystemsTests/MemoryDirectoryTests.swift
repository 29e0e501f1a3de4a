import RingFUSE
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
}
