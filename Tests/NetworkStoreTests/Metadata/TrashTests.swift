import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What is kept when it is removed, what comes back, and what goes for good, in both engines. Each volume is checked at its end.
@Suite struct TrashTests {
    /// A day.
    private static let age: UInt64 = 86_400

    /// A file with something in it, and an attribute.
    @discardableResult
    private static func file(
        _ calls: MetadataCalls,
        _ name: StoredName,
        in directory: NodeID = .root,
        size: UInt64 = 100
    ) async throws -> NodeID {
        let file = try await calls.make(name, in: directory, permissions: 0o640).id
        try await calls.write(file, at: 0, size)
        try await calls.set("user.mark", of: file, to: [1, 2, 3])
        return file
    }

    /// The paths of all that is in the trash, as it was removed; directories end with a slash.
    private static func paths(_ calls: MetadataCalls) async throws -> [String] {
        var (paths, time) = ([String](), UInt64(0))
        while true {
            // Few at a time.
            let items = try await TrashCan(calls.engine).items(after: time, limit: 2)
            guard let last = items.last else { return paths }
            paths += items.map { ($0.path ?? "?/\($0.name)") + ($0.isDirectory ? "/" : "") }
            time = last.time
        }
    }

    /// A file that has lost its last name is kept with all that belongs to it, and comes back as it was.
    @Test(arguments: EngineKind.allCases)
    func keepsFilesAsTheyWere(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let can = TrashCan(calls.engine)
            try await calls.engine.setTrashAge(Self.age)
            let file = try await Self.file(calls, "file")
            try await calls.link(file, to: "other")
            // Another name is left.
            #expect(try await calls.removeFile("file").isInTrash == false)
            #expect(try await Self.paths(calls) == [])
            let before = try await calls.node(file)
            let extents = try await calls.extents(file)
            let removed = try await calls.removeFile("other")
            #expect(removed.isInTrash && removed.attributes.linkCount == 0)
            #expect(try await Self.paths(calls) == ["/other"])
            #expect(try await calls.lookUp("other") == nil)
            #expect(try await calls.engine.trashUsage() == TrashUsage(entries: 1, bytes: 100))
            // It cannot get a name by any other way, and does not go when nobody has it open any more.
            #expect(await errno { try await calls.link(file, to: "again") } == .noSuchFileOrDirectory)
            try await calls.engine.dispose(of: file)
            #expect(try await calls.engine.garbage(limit: 10) == [])
            // Who has it open goes on.
            try await calls.write(file, at: 100, 50)
            try await calls.make("other")
            #expect(await errno { try await can.restore(file) } == .fileExists)
            #expect(try await Self.paths(calls) == ["/other"])
            try await calls.rename("other", to: "moved")
            let changes = try await can.restore(file)
            #expect(changes.names == [NamePlace(directory: .root, name: "other")])
            let after = try #require(try await calls.lookUp("other"))
            #expect(!after.isInTrash && after.attributes.linkCount == 1 && after.attributes.size == 150)
            #expect(after.attributes.mode == before.attributes.mode && after.birthTime == before.birthTime)
            #expect(try await calls.extents(file).starts(with: extents))
            #expect(try await calls.engine.extendedAttribute("user.mark", of: file) == [1, 2, 3])
            #expect(await errno { try await can.restore(file) } == .noData)
            #expect(try await Self.paths(calls) == [])
            // Again, at the same place.
            try await calls.removeFile("other")
            _ = try await can.restore(file)
            #expect(try await calls.lookUp("other")?.id == file)
        }
    }

    /// What a renaming replaces is kept; what has nothing in it is not; and nothing is where the trash is off.
    @Test(arguments: EngineKind.allCases)
    func keepsWhatHasContent(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            try await Self.file(calls, "early")
            let early = try await calls.removeFile("early")
            #expect(!early.isInTrash)
            try await calls.engine.dispose(of: early.id)
            try await calls.engine.setTrashAge(Self.age)
            let old = try await Self.file(calls, "file")
            try await Self.file(calls, "new")
            #expect(try await calls.rename("new", to: "file")?.isInTrash == true)
            let link = try await calls.make("link", .symbolicLink, target: "file").id
            try await calls.removeFile("link")
            for (name, type) in [("empty", .regular), ("pipe", .fifo), ("device", .characterDevice)]
                as [(StoredName, NodeType)]
            {
                try await calls.make(name, type)
                #expect(try await calls.removeFile(name).isInTrash == false)
            }
            let unnamed = try await calls.makeUnnamed().id
            try await calls.write(unnamed, at: 0, 10)
            try await calls.engine.dispose(of: unnamed)
            #expect(try await Self.paths(calls) == ["/file", "/link"])
            let can = TrashCan(calls.engine)
            #expect(await errno { try await can.restore(old) } == .fileExists)
            let aside = try await calls.makeDirectory("aside")
            _ = try await can.restore(old, to: aside)
            #expect(try await calls.lookUp("file", in: aside)?.id == old)
            _ = try await can.restore(link)
            #expect(try await calls.engine.target(of: link) == "file")
            #expect(await errno { try await can.restore(NodeID(999_999)) } == .noData)
            try await calls.engine.setTrashAge(0)
            #expect(try await calls.removeFile("file").isInTrash == false)
        }
    }

    /// Directories come back with what was in them, where nothing has their place.
    @Test(arguments: EngineKind.allCases)
    func bringsDirectoriesBack(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let can = TrashCan(calls.engine)
            try await calls.engine.setTrashAge(Self.age)
            let upper = try await calls.makeDirectory("upper", permissions: 0o750)
            let lower = try await calls.makeDirectory("lower", in: upper, permissions: 0o700)
            let (a, b) = (try await Self.file(calls, "a", in: lower), try await Self.file(calls, "b", in: lower))
            _ = try await calls.makeDirectory("empty", in: upper)
            for name in ["a", "b"] as [StoredName] { try await calls.removeFile(name, in: lower) }
            // The directory was moved after that.
            try await calls.rename("upper", to: "renamed")
            #expect(try await Self.paths(calls) == ["/renamed/lower/a", "/renamed/lower/b"])
            try await calls.removeDirectory("lower", in: upper)
            #expect(try await calls.removeDirectory("empty", in: upper).isInTrash == false)
            #expect(try await calls.removeDirectory("renamed").isInTrash)
            let all = ["/renamed/lower/a", "/renamed/lower/b", "/renamed/lower/", "/renamed/"]
            #expect(try await Self.paths(calls) == all)
            #expect(await errno { try await calls.make("x", in: lower) } == .noSuchFileOrDirectory)
            #expect(try await calls.node(.root).attributes.linkCount == 2)
            // Something else has the name.
            try await calls.make("renamed")
            #expect(await errno { try await can.restore(a) } == .notDirectory)
            try await calls.removeFile("renamed")
            _ = try await can.restore(a)
            let found = try #require(try await calls.lookUp("renamed"))
            #expect(found.id == upper && found.attributes.mode.permissions == 0o750 && found.attributes.linkCount == 3)
            #expect(try await calls.lookUp("a", in: lower)?.id == a)
            #expect(try await calls.node(lower).attributes.mode.permissions == 0o700)
            #expect(try await calls.lookUp("..", in: lower)?.id == upper)
            #expect(try await Self.paths(calls) == ["/renamed/lower/b"])
            // Another directory has the name: it is taken.
            try await calls.removeFile("a", in: lower)
            try await calls.removeDirectory("lower", in: upper)
            let other = try await calls.makeDirectory("lower", in: upper)
            _ = try await can.restore(b)
            #expect(try await calls.lookUp("b", in: other)?.id == b)
            // The directory is gone for good.
            let entry = try #require(try await calls.engine.trashEntry(of: lower))
            #expect(try await calls.engine.discard([entry], inUse: []).isEmpty)
            #expect(try await Self.paths(calls) == ["?/a"])
            #expect(await errno { try await can.restore(a) } == .noSuchFileOrDirectory)
            _ = try await can.restore(a, to: other)
            #expect(try await calls.list(other) == ["b", "a"])
        }
    }

    /// What is old goes, what it had is garbage, and what is open stays until it is not.
    @Test(arguments: EngineKind.allCases)
    func goesForGood(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let can = TrashCan(calls.engine)
            try await calls.engine.setTrashAge(Self.age)
            let directory = try await calls.makeDirectory("directory")
            for index in 0..<250 { try await Self.file(calls, StoredName("\(index)"), in: directory) }
            let open = try #require(try await calls.lookUp("7", in: directory)).id
            for index in 0..<200 { try await calls.removeFile(StoredName("\(index)"), in: directory) }
            let middle = TrashCan.end(ofAge: 0)
            for index in 200..<250 { try await calls.removeFile(StoredName("\(index)"), in: directory) }
            try await calls.removeDirectory("directory")
            // Nothing is old enough.
            #expect(try await can.discard(before: TrashCan.end(ofAge: Self.age)) == 0)
            let usage = try await calls.engine.usage()
            #expect(usage.bytes == 25_000 && usage.garbageBytes == 0 && usage.nodes == 252)
            var left: [NodeID] = []
            let gone = try await can.discard(
                before: middle, limit: .max, inUse: { $0 == open }, left: { left.append($0.id) })
            #expect(gone == 200 && left == [open])
            #expect(try await calls.engine.trashUsage() == TrashUsage(entries: 51, bytes: 5000))
            #expect(try await calls.engine.usage().garbageBytes == 19_900)
            #expect(try await calls.engine.check() == [])
            let record = try await calls.node(open)
            #expect(record.attributes.linkCount == 0 && !record.isInTrash)
            try await calls.write(open, at: 100, 1)
            try await calls.engine.dispose(of: open)
            #expect(await errno { try await calls.node(open) } == .staleNFSFileHandle)
            #expect(try await can.discard(before: .max) == 51)
            #expect(try await calls.engine.usage().bytes == 0)
            #expect(try await calls.engine.usage().nodes == 1)
            #expect(try await calls.engine.garbage(limit: 1000).count == 251)
        }
    }

    /// The trash counts in the volume and in no quota.
    @Test(arguments: EngineKind.allCases)
    func countsInTheVolumeAlone(kind: EngineKind) async throws {
        try await withVolume(kind, byteLimit: 1000, nodeLimit: 6) { calls in
            let can = TrashCan(calls.engine)
            try await calls.engine.setTrashAge(Self.age)
            let outer = try await calls.makeDirectory("outer")
            let inner = try await calls.makeDirectory("inner", in: outer)
            for directory in [outer, inner] {
                try await QuotaWalk(calls.engine).set(directory, QuotaRecord.Limits(bytes: 500, nodes: 5))
            }
            let file = try await Self.file(calls, "file", in: inner, size: 400)
            try await calls.removeFile("file", in: inner)
            #expect(try await calls.engine.quotas(at: inner).map(\.bytes) == [0, 0])
            #expect(try await calls.engine.quotas(at: inner).map(\.nodes) == [1, 2])
            #expect(try await calls.engine.usage().bytes == 400)
            // Room for another in the quota; the volume has less.
            let other = try await Self.file(calls, "other", in: inner, size: 300)
            #expect(await errno { try await can.restore(file) } == .diskQuotaExceeded)
            let free = try await calls.make("free").id
            #expect(await errno { try await calls.write(free, at: 0, 301) } == .noSpace)
            #expect(await errno { try await calls.make("more") } == .noSpace)
            try await calls.removeFile("other", in: inner)
            _ = try await can.restore(file)
            #expect(try await calls.engine.quotas(at: inner).map(\.bytes) == [400, 400])
            #expect(try await can.discard(before: .max) == 1)
            try await calls.write(free, at: 0, 301)
            #expect(await errno { try await calls.node(other) } == .staleNFSFileHandle)
            // A directory with a quota of its own leaves that behind.
            try await calls.removeFile("file", in: inner)
            try await calls.removeDirectory("inner", in: outer)
            #expect(try await calls.engine.quotas().map(\.id) == [outer])
            #expect(try await calls.engine.quotas(at: outer).map(\.nodes) == [1])
            _ = try await can.restore(file)
            #expect(try await calls.engine.quotas(at: outer).map(\.nodes) == [3])
            #expect(try await calls.engine.quotas(at: outer).map(\.bytes) == [400])
        }
    }

    /// Names and paths of any bytes and lengths.
    @Test(arguments: EngineKind.allCases)
    func takesAnyName(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            try await calls.engine.setTrashAge(Self.age)
            let names = [
                StoredName(String(repeating: "n", count: 255)), "...", ".0000.",
                StoredName(Name([0xff, 0x2e, 0x0a].span)),
            ]
            var files: [NodeID] = []
            for name in names { files.append(try await Self.file(calls, name)) }
            for name in names { try await calls.removeFile(name) }
            let entries = try await calls.engine.trash(after: 0, until: .max, limit: 10)
            #expect(entries.map(\.place.name) == names && entries.map(\.id) == files)
            for (name, file) in zip(names, files) {
                _ = try await TrashCan(calls.engine).restore(file)
                #expect(try await calls.lookUp(name)?.id == file)
            }
        }
    }

    /// A volume that was made before there was a trash, and what others set.
    @Test func isLearnedFromOthers() async throws {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let engines = (try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location))
        let calls = (MetadataCalls(engines.0), MetadataCalls(engines.1))
        try await Self.file(calls.1, "first")
        try await engines.0.setTrashAge(Self.age)
        // It has not looked yet.
        #expect(try await calls.1.removeFile("first").isInTrash == false)
        #expect(try await engines.1.refreshVolume().trashAge == Self.age)
        let second = try await Self.file(calls.1, "second")
        #expect(try await calls.1.removeFile("second").isInTrash)
        // One restores what the other has removed; both at once do so once.
        async let one = errno { try await TrashCan(engines.0).restore(second) }
        async let two = errno { try await TrashCan(engines.1).restore(second) }
        let refusals = [await one, await two]
        #expect(refusals.filter { $0 == nil }.count == 1, "\(refusals)")
        #expect(try await calls.0.lookUp("second")?.id == second)
        #expect(try await engines.0.check() == [])
        await engines.0.close()
        await engines.1.close()
        try await PostgreSQLEngine.remove(location)
    }

    /// What the metadata say of the trash is what a volume of a later opening does.
    @Test func staysSet() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let first = try await SQLiteEngine.open(fixture.path)
        try await first.setTrashAge(Self.age)
        await first.close()
        let second = try await SQLiteEngine.open(fixture.path)
        #expect(second.volume.trashAge == Self.age)
        try await Self.file(MetadataCalls(second), "file")
        #expect(try await MetadataCalls(second).removeFile("file").isInTrash)
        await second.close()
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        let state = TrashState(age: Self.age, usage: TrashUsage(entries: 1, bytes: 100))
        #expect(try await TrashCan(reader).state() == state)
        #expect(await errno { try await reader.setTrashAge(1) } == .readOnlyFileSystem)
        await reader.close()
    }
}
