import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// More files known than descriptors kept.
@Suite(.enabled(if: geteuid() == 0))
struct MirrorTestsDescriptors {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture(options: .init(mostNodeDescriptors: 4)) }

    @Test func areBounded() async throws {
        var entries: [Entry] = []
        for index in 0..<100 { entries.append(try fixture.makeNode("file\(index)")) }
        #expect(fixture.descriptorCount() <= 8)
        for (index, entry) in entries.enumerated() {
            #expect(try fixture.attributes(of: entry.node).inode == fixture.source("file\(index)")?.inode)
            #expect(try fixture.lookUp("file\(index)").node == entry.node)
        }
        let last = entries[99].node
        // By its new name, and with another one, it stays the same node.
        try fixture.rename("file99", to: "moved")
        #expect(try fixture.lookUp("moved").node == last)
        #expect(try fixture.link(last, to: "linked").node == last)
        let file = try fixture.open(last)
        #expect(try await fixture.write("content", to: file) == 7)
        try fixture.remove("moved")
        try fixture.remove("linked")
        // Open files live on.
        #expect(try fixture.attributes(of: last).linkCount == 0)
        #expect(try await fixture.read(file) == "content")
        try await fixture.mirror.release(file, fixture.context())
        #expect(fixture.descriptorCount() <= 8)
    }

    @Test func directoriesAreUsedWithoutThem() throws {
        var directory = NodeID.root
        for _ in 0..<20 { directory = try fixture.makeDirectory("d", in: directory).node }
        _ = try fixture.makeNode("file", in: directory)
        #expect(try fixture.lookUp("file", in: directory).attributes.mode.type == .regular)
        #expect(fixture.descriptorCount() <= 8)
    }

    @Test func anotherFileInThePlaceOfARemovedOneIsAnotherNode() throws {
        for index in 0..<10 { _ = try fixture.makeNode("keep\(index)") }
        var seen: [UInt64: NodeID] = [:]
        var reused = 0
        for index in 0..<200 {
            let entry = try fixture.makeNode("file\(index)")
            #expect(!seen.values.contains(entry.node))
            if let old = seen[entry.attributes.inode] {
                reused += 1
                #expect(throws: Errno.staleNFSFileHandle) { try fixture.attributes(of: old) }
            }
            seen[entry.attributes.inode] = entry.node
            try fixture.remove("file\(index)")
            // Forgetting an old node must not forget the one that has its inode number now.
            if let old = seen.values.first, index == 150 { fixture.mirror.forget(old, lookups: 1) }
        }
        // ext4 gives the number of a removed file to the next one; tmpfs, for one, never does.
        let root = unsafe Glibc.open(fixture.path, O_RDONLY | O_CLOEXEC)
        defer { close(root) }
        if rfuse_file_system_type(root) == 0xef53 { #expect(reused > 0, "this has tested nothing") }
    }

    @Test func forgettingCountsForParkedNodesToo() throws {
        for index in 0..<20 { _ = try fixture.makeNode("file\(index)") }
        let node = try fixture.lookUp("file19").node
        fixture.mirror.forget(node, lookups: 1)
        #expect(try fixture.attributes(of: node).linkCount == 1)
        fixture.mirror.forget(node, lookups: 1)
        #expect(throws: Errno.staleNFSFileHandle) { try fixture.attributes(of: node) }
        #expect(try fixture.lookUp("file19").node != node)
    }
}
