import NetworkStore
import RingFUSE
import SystemPackage
import Testing

@Suite struct MetadataRenameTests {
    @Test(arguments: EngineKind.allCases)
    func movesAndReplaces(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let a = try await calls.make("a").id
            let b = try await calls.make("b").id
            let replaced = try await calls.rename("a", to: "b")
            #expect(replaced?.id == b)
            #expect(replaced?.attributes.linkCount == 0)
            #expect(try await calls.lookUp("a") == nil)
            #expect(try await calls.lookUp("b")?.id == a)
            let directory = try await calls.makeDirectory("directory")
            #expect(try await calls.rename("b", to: "c", into: directory) == nil)
            #expect(try await calls.lookUp("c", in: directory)?.id == a)
            try await calls.make("empty", .directory)
            #expect(try await calls.rename("directory", to: "empty")?.type == .directory)
            #expect(try await calls.lookUp("empty")?.id == directory)
            #expect(try await calls.node(.root).attributes.linkCount == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func refuses(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            try await calls.make("file")
            try await calls.make("other")
            let upper = try await calls.makeDirectory("upper")
            let lower = try await calls.makeDirectory("lower", in: upper)
            _ = try await calls.makeDirectory("empty")
            let file = try #require(try await calls.lookUp("file")).id
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.rename("x", to: "y") }
            await #expect(throws: Errno.fileExists) { try await calls.rename("file", to: "other", .noReplace) }
            await #expect(throws: Errno.isDirectory) { try await calls.rename("file", to: "empty") }
            await #expect(throws: Errno.notDirectory) { try await calls.rename("empty", to: "file") }
            await #expect(throws: Errno.directoryNotEmpty) { try await calls.rename("empty", to: "upper") }
            await #expect(throws: Errno.invalidArgument) { try await calls.rename("upper", to: "x", into: upper) }
            await #expect(throws: Errno.invalidArgument) { try await calls.rename("upper", to: "x", into: lower) }
            await #expect(throws: Errno.directoryNotEmpty) { try await calls.rename("lower", in: upper, to: "upper") }
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.rename("file", to: "x", .exchange) }
            await #expect(throws: Errno.invalidArgument) {
                try await calls.rename("upper", to: "lower", into: upper, .exchange)
            }
            await #expect(throws: Errno.invalidArgument) {
                try await calls.rename("lower", in: upper, to: "upper", .exchange)
            }
            await #expect(throws: Errno.notDirectory) { try await calls.rename("file", to: "x", into: file) }
            await #expect(throws: Errno.notDirectory) { try await calls.rename("x", in: file, to: "x") }
            await #expect(throws: Errno.staleNFSFileHandle) {
                try await calls.rename("file", to: "x", into: NodeID(99))
            }
            let long = StoredName(String(repeating: "x", count: 256))
            await #expect(throws: Errno.fileNameTooLong) { try await calls.rename(long, to: "x") }
            await #expect(throws: Errno.fileNameTooLong) { try await calls.rename("file", to: long) }
            #expect(try await calls.list() == ["file", "other", "upper", "empty"])
        }
    }

    @Test(arguments: [[.exchange, .noReplace], [.exchange, .whiteout], RenameFlags(rawValue: 8)] as [RenameFlags])
    func refuses(flags: RenameFlags) async throws {
        try await withVolume { calls in
            try await calls.make("file")
            try await calls.make("other")
            await #expect(throws: Errno.invalidArgument) { try await calls.rename("file", to: "other", flags) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func leavesAlone(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            try await calls.link(file, to: "same")
            let before = try await calls.node(file)
            // Two names of one node: nothing happens, and both stay.
            #expect(try await calls.rename("file", to: "same") == nil)
            #expect(try await calls.rename("file", to: "file") == nil)
            #expect(try await calls.rename("file", to: "same", .exchange) == nil)
            #expect(try await calls.node(file) == before)
            #expect(try await calls.list() == ["file", "same"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func respectsFlags(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let source = try await calls.makeDirectory("source")
            let target = try await calls.makeDirectory("target")
            let file = try await calls.make("file", in: source).id
            let replaced = try await calls.make("file", in: target).id
            for protected in [source, target, file, replaced] {
                for flag: UInt32 in [0x10, 0x20] {
                    try await calls.setFlags(flag, of: protected)
                    await #expect(throws: Errno.notPermitted) {
                        try await calls.rename("file", in: source, to: "file", into: target)
                    }
                    await #expect(throws: Errno.notPermitted) {
                        try await calls.rename("file", in: source, to: "file", into: target, .exchange)
                    }
                    try await calls.setFlags(0, of: protected)
                }
            }
            // Names may be added where they may not be removed.
            try await calls.setFlags(0x20, of: target)
            try await calls.rename("file", in: source, to: "new", into: target)
            try await calls.setFlags(0, of: target)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func keepsLinkCountsOfDirectories(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let a = try await calls.makeDirectory("a")
            let b = try await calls.makeDirectory("b")
            try await calls.make("file", in: b)
            let inner = try await calls.makeDirectory("inner", in: a)
            try await calls.rename("inner", in: a, to: "inner", into: b)
            #expect(try await calls.node(a).attributes.linkCount == 2)
            #expect(try await calls.node(b).attributes.linkCount == 3)
            #expect(try await calls.lookUp("..", in: inner)?.id == b)
            try await calls.rename("inner", in: b, to: "a", .exchange)
            #expect(try await calls.node(.root).attributes.linkCount == 4)
            #expect(try await calls.lookUp("..", in: inner)?.id == .root)
            #expect(try await calls.lookUp("..", in: a)?.id == b)
            try await calls.rename("file", in: b, to: "a", .exchange)
            #expect(try await calls.node(.root).attributes.linkCount == 3)
            #expect(try await calls.node(b).attributes.linkCount == 4)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func leavesWhiteouts(kind: EngineKind) async throws {
        try await withVolume(kind, nodeLimit: 5) { calls in
            let file = try await calls.make("file").id
            try await calls.make("last")
            try await calls.by(7, 8).rename("file", to: "moved", .whiteout)
            let whiteout = try #require(try await calls.lookUp("file"))
            #expect(whiteout.type == .characterDevice)
            #expect(whiteout.attributes.device == 0)
            #expect(whiteout.attributes.mode.permissions == 0)
            #expect(whiteout.attributes.userID == 7)
            #expect(try await calls.lookUp("moved")?.id == file)
            // It is where the name was in the listing.
            #expect(try await calls.list() == ["file", "last", "moved"])
            try await calls.make("more")
            await #expect(throws: Errno.noSpace) { try await calls.rename("moved", to: "again", .whiteout) }
            #expect(try await calls.lookUp("moved")?.id == file)
        }
    }
}
