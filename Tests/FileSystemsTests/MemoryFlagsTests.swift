import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

/// The flags of `chattr`, files without names, and other things that ext4 has.
@Suite struct MemoryFlagsTests {
    let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
    private let immutable: UInt32 = 0x10
    private let appendOnly: UInt32 = 0x20

    @Test func areKeptByType() async throws {
        let file = try await calls.makeFile("file").node
        let directory = try await calls.makeDirectory("directory").node
        try await calls.setFlags(0x1_00cf, of: file)
        #expect(try await calls.flags(of: file) == 0xcf, "what only directories have is left out")
        #expect(await errno { try await calls.setFlags(0x2_0000, of: file) } == .notSupported)
        #expect(await errno { try await calls.setFlags(0x8_0000, of: file) } == .notSupported)
        try await calls.setFlags(0x3_00cf, of: directory)
        #expect(try await calls.flags(of: directory) == 0x3_00cf)
        let inside = try await calls.makeFile("file", in: directory).node
        let below = try await calls.makeDirectory("directory", in: directory).node
        let pipe = try await calls.makeNode("pipe", in: directory, NewNode(mode: NodeMode(.fifo, permissions: 0o600)))
        #expect(try await calls.flags(of: inside) == 0xcf)
        #expect(try await calls.flags(of: below) == 0x1_00cf)
        #expect(try await calls.flags(of: pipe.node) == 0xc0)
    }

    @Test func areToldAsXFSHasThem() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.setFlags(0x4 | immutable | 0x40, of: file)
        #expect(try await calls.control(file, 0x801c_581f, capacity: 28) == [0x88, 0, 0, 0, 0, 0, 0])
        try await calls.control(file, 0x401c_5820, [0x10 | 0x20 | 0x40, 0, 5, 0, 0, 0, 0])
        #expect(try await calls.flags(of: file) == 0x4 | appendOnly | 0x8 | 0x80, "the rest stays")
        for refused in [[0x1, 0, 0, 0, 0, 0, 0], [0, 4096, 0, 0, 0, 0, 0], [0, 0, 0, 7, 0, 0, 0]] as [[UInt32]] {
            #expect(await errno { try await calls.control(file, 0x401c_5820, refused) } == .notSupported)
        }
    }

    @Test func areReadCarefully() async throws {
        let file = try await calls.makeFile("file").node
        #expect(await errno { try await calls.control(file, 0x4008_6602) } == .invalidArgument)
        #expect(await errno { try await calls.control(file, 0x401c_5820, [0, 0, 0]) } == .invalidArgument)
        #expect(await errno { try await calls.control(file, 0x8008_6601, capacity: 3) } == .invalidArgument)
        #expect(await errno { try await calls.control(file, 0x801c_581f, capacity: 27) } == .invalidArgument)
        #expect(await errno { try await calls.control(file, 0x1234) } == .inappropriateIOCTLForDevice)
        #expect(try await calls.control(file, 0x8008_7601, capacity: 8).count == 1)
    }

    @Test func protectFiles() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.write([1, 2, 3], to: file)
        for flag in [immutable, appendOnly] {
            try await calls.setFlags(flag, of: file)
            let refused: [() async throws -> Void] = [
                { try await calls.open(file, .writeOnly) },
                { try await calls.open(file, [.truncate]) },
                { try await calls.change(file) { $0.mode = .regular } },
                { try await calls.change(file) { $0.userID = 1 } },
                { try await calls.change(file) { $0.size = 3 } },
                { try await calls.change(file) { $0.modificationTime = .now } },
                { try await calls.change(file) { $0.accessTime = .to(Timestamp(seconds: 1)) } },
                { try await calls.setExtendedAttribute("user.a", of: file, to: [1]) },
                { try await calls.removeExtendedAttribute("user.a", of: file) },
                { try await calls.allocate(file, at: 0, 2, [.punchHole, .keepSize]) },
                { _ = try await calls.link(file, to: "link") },
                { try await calls.rename("file", to: "other") },
                { try await calls.removeFile("file") },
            ]
            for (index, body) in refused.enumerated() {
                #expect(await errno(body) == .notPermitted, "flag \(flag), operation \(index)")
            }
            #expect(try await calls.read(file, 9) == [1, 2, 3])
        }
        // What may only grow may be added to, and touched.
        try await calls.open(file, [.writeOnly, .append])
        #expect(await errno { try await calls.open(file, [.writeOnly, .append, .truncate]) } == .notPermitted)
        try await calls.write([4], to: file, flags: [.writeOnly, .append])
        try await calls.allocate(file, at: 0, 100, .keepSize)
        try await calls.change(file) {
            $0.accessTime = .now
            $0.modificationTime = .now
        }
        try await calls.setFlags(immutable, of: file)
        // A descriptor from before: ext4 refuses it, too. What the page cache still has was written before.
        #expect(await errno { try await calls.write([5], to: file) } == .notPermitted)
        try await calls.write([6], to: file, at: 0, [.fromCache])
        try await calls.setFlags(0, of: file)
        #expect(try await calls.read(file, 9) == [6, 2, 3, 4])
        try await calls.removeFile("file")
    }

    @Test func protectDirectories() async throws {
        let directory = try await calls.makeDirectory("directory").node
        _ = try await calls.makeFile("file", in: directory)
        _ = try await calls.makeDirectory("below", in: directory)
        _ = try await calls.makeFile("outside")
        for flag in [immutable, appendOnly] {
            try await calls.setFlags(flag, of: directory)
            let adds: [() async throws -> Void] = [
                { _ = try await calls.makeFile(StoredName("file\(flag)"), in: directory) },
                { _ = try await calls.makeDirectory(StoredName("below\(flag)"), in: directory) },
                { _ = try await calls.createUnnamed(in: directory) },
                { try await calls.rename("outside", to: StoredName("o\(flag)"), into: directory) },
            ]
            for (index, body) in adds.enumerated() {
                #expect(await errno(body) == (flag == immutable ? .notPermitted : nil), "flag \(flag), \(index)")
            }
            let removals: [() async throws -> Void] = [
                { try await calls.removeFile("file", in: directory) },
                { try await calls.removeDirectory("below", in: directory) },
                { try await calls.rename("file", in: directory, to: "other", into: directory) },
                { try await calls.rename("directory", to: "other") },
                { try await calls.rename("file", in: directory, to: "below", into: directory, .exchange) },
            ]
            for (index, body) in removals.enumerated() {
                #expect(await errno(body) == .notPermitted, "flag \(flag), \(index)")
            }
            #expect(await errno { _ = try await calls.makeFile("file", in: directory) } == .fileExists)
            #expect(await errno { try await calls.removeFile("none", in: directory) } == .noSuchFileOrDirectory)
        }
    }

    @Test func filesWithoutNames() async throws {
        let reply = try await calls.createUnnamed()
        let file = reply.entry.node
        #expect(reply.entry.attributes.linkCount == 0)
        try await calls.write([7], to: file)
        let linked = try await calls.link(file, to: "named")
        #expect(linked.node == file && linked.attributes.linkCount == 1)
        // Its last name is gone for good.
        try await calls.removeFile("named")
        #expect(await errno { _ = try await calls.link(file, to: "again") } == .noSuchFileOrDirectory)
        let excluded = try await calls.createUnnamed([.readWrite, .exclusive]).entry.node
        #expect(await errno { _ = try await calls.link(excluded, to: "never") } == .noSuchFileOrDirectory)
        // Nothing is left once nobody has them open or knows them, and every node is paid back.
        let used = try await calls.statistics()
        for node in [file, excluded] {
            try await calls.release(node)
            calls.backend.forget(node, lookups: 2)
            #expect(await errno { try await calls.attributes(of: node) } == .staleNFSFileHandle)
        }
        #expect(try await calls.statistics().freeNodes == used.freeNodes + 2)
        let removed = try await calls.makeDirectory("removed").node
        try await calls.removeDirectory("removed")
        #expect(await errno { try await calls.createUnnamed(in: removed) } == .notPermitted)
    }

    @Test func namesOfOneFileAreLimited() async throws {
        let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
        let file = try await calls.makeFile("0").node
        for number in 1..<65_000 { _ = try await calls.link(file, to: StoredName("\(number)")) }
        #expect(await errno { _ = try await calls.link(file, to: "more") } == .tooManyLinks)
        #expect(try await calls.attributes(of: file).linkCount == 65_000)
        try await calls.removeFile("7")
        _ = try await calls.link(file, to: "more")
    }

    @Test func tellsTheTimeOfBirth() async throws {
        let file = try await calls.makeFile("file").node
        let before = try await calls.attributes(of: file).changeTime
        try await calls.change(file) { $0.modificationTime = .to(Timestamp(seconds: 1)) }
        let details = try await calls.detailedAttributes(of: file)
        #expect(details.birthTime == before)
        #expect(details.reply.attributes.modificationTime == Timestamp(seconds: 1))
    }
}
