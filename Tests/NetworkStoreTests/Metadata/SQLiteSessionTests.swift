import Glibc
import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

@Suite struct SQLiteSessionTests {
    /// What opening throws; `nil` for nothing.
    private static func refusal(of path: String, takesOver: Bool = false) async -> VolumeError? {
        do throws(VolumeError) {
            await (try SQLiteEngine.open(path, takesOver: takesOver)).close()
            return nil
        } catch {
            return error
        }
    }

    /// What opening to read throws; `nil` for nothing.
    private static func refusalOfReading(_ path: String) async -> VolumeError? {
        do throws(VolumeError) {
            await (try SQLiteEngine.openForReading(path)).close()
            return nil
        } catch {
            return error
        }
    }

    /// Runs SQL on a database.
    private static func execute(_ sql: String, on path: String) throws {
        try Database(path, .write).execute(sql)
    }

    @Test func formatsOnce() async throws {
        let fixture = VolumeFixture()
        let volume = VolumeFixture.description(byteLimit: 5, nodeLimit: 6)
        try await SQLiteEngine.format(fixture.path, volume, root: 0o1777, owner: Caller(userID: 3, groupID: 4))
        await #expect(throws: VolumeError.exists(path: fixture.path)) {
            try await SQLiteEngine.format(fixture.path, VolumeFixture.description())
        }
        let engine = try await SQLiteEngine.open(fixture.path)
        #expect(engine.volume == volume)
        let root = try engine.node(.root).attributes
        #expect(root.mode.permissions == 0o1777)
        #expect(root.userID == 3)
        #expect(root.groupID == 4)
        await engine.close()
        // Neither a draft nor a log is left.
        #expect(unsafe access(fixture.path + "-wal", F_OK) != 0)
        await #expect(throws: VolumeError.self) {
            try await SQLiteEngine.format(fixture.directory + "/none/volume.db", volume)
        }
    }

    @Test func saysWhatIsNoVolume() async throws {
        let fixture = VolumeFixture()
        let path = fixture.path
        #expect(await Self.refusal(of: path) == .missing(path: path))
        #expect(await Self.refusalOfReading(path) == .missing(path: path))
        #expect(await Self.refusal(of: fixture.directory) == .noDatabase(path: fixture.directory))
        let file = try unsafe FileDescriptor.open(path, .readWrite, options: .create, permissions: [.ownerReadWrite])
        #expect(await Self.refusal(of: path) == .noDatabase(path: path))
        try file.writeAll(repeatElement(UInt8(ascii: "x"), count: 5000))
        #expect(await Self.refusal(of: path) == .noDatabase(path: path))
        #expect(await Self.refusalOfReading(path) == .noDatabase(path: path))
        try file.close()
        unsafe unlink(path)
        try Database(path, .create).execute("CREATE TABLE other (x)")
        #expect(await Self.refusal(of: path) == .foreign(path: path))
        #expect(await Self.refusalOfReading(path) == .foreign(path: path))
    }

    @Test func leavesNewerSchemasAlone() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        try Self.execute("PRAGMA user_version = 99", on: fixture.path)
        let expected = VolumeError.newer(path: fixture.path, version: 99, known: Schema.version)
        #expect(await Self.refusal(of: fixture.path) == expected)
        #expect(await Self.refusalOfReading(fixture.path) == expected)
        #expect(try Database(fixture.path, .read).number("PRAGMA user_version") == 99)
        #expect(try Database(fixture.path, .read).number("SELECT epoch FROM state") == 0)
    }

    @Test func migratesStepByStep() throws {
        let fixture = VolumeFixture()
        let database = try Database(fixture.path, .create)
        try Schema.migrate(database, steps: ["CREATE TABLE a (x)"])
        #expect(try database.number("PRAGMA user_version") == 1)
        let steps = ["not looked at", "ALTER TABLE a ADD COLUMN y", "INSERT INTO a VALUES (1, 2)"]
        try Schema.migrate(database, steps: steps)
        try Schema.migrate(database, steps: steps)
        #expect(try database.number("PRAGMA user_version") == 3)
        #expect(try database.number("SELECT count(*) FROM a") == 1)
        // A step that fails leaves nothing of those before it.
        #expect(throws: SQLiteFailure.self) {
            try Schema.migrate(database, steps: steps + ["INSERT INTO a VALUES (3, 4)", "nonsense"])
        }
        #expect(try database.number("PRAGMA user_version") == 3)
        #expect(try database.number("SELECT count(*) FROM a") == 1)
    }

    @Test func oldSchemasAreNotOnlyRead() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        try Self.execute("PRAGMA user_version = 0", on: fixture.path)
        #expect(
            await Self.refusalOfReading(fixture.path)
                == .older(path: fixture.path, version: 0, known: Schema.version))
    }

    @Test func saysWhatIsDamaged() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        try Self.execute("UPDATE volume SET description = '{}'", on: fixture.path)
        guard case .damaged = await Self.refusal(of: fixture.path) else {
            Issue.record("a volume without a description was opened")
            return
        }
    }

    @Test func messagesAreOneLine() {
        let errors: [VolumeError] = [
            .missing(path: "p"), .exists(path: "p"), .noDatabase(path: "p"), .foreign(path: "p"),
            .newer(path: "p", version: 2, known: 1), .older(path: "p", version: 1, known: 2),
            .inUse(path: "p", by: "process 1 on h", mayForce: true), .readOnly(path: "p"), .damaged(path: "p", "x"),
            .system(path: "p", .noSpace), .database(path: "p", "x"),
        ]
        for error in errors {
            #expect(!"\(error)".contains("\n"))
            #expect("\(error)".contains("p"))
        }
        #expect("\(VolumeError.missing(path: "p"))".contains("ringfuse store format"))
    }

    // MARK: One at a time

    @Test func isOpenForWritingOnce() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        for takesOver in [false, true] {
            let refusal = await Self.refusal(of: fixture.path, takesOver: takesOver)
            guard case .inUse(_, let holder, false) = refusal else {
                Issue.record("opened twice: \(String(describing: refusal))")
                continue
            }
            #expect(holder.hasPrefix("process \(getpid()) on "))
        }
        // Whoever removes the lock's file does not get the volume either.
        unsafe unlink(fixture.path + ".lock")
        guard case .inUse(_, _, false) = await Self.refusal(of: fixture.path) else {
            Issue.record("opened twice, without a lock")
            return
        }
        await engine.close()
        #expect(await Self.refusal(of: fixture.path) == nil)
    }

    @Test func isReadWhileItIsOpen() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        let file = try await MetadataCalls(engine).make("file")
        #expect(try reader.node(file.id) == file)
        #expect(try await reader.check() == [])
        await #expect(throws: Errno.readOnlyFileSystem) { try await MetadataCalls(reader).make("x") }
        await #expect(throws: Errno.readOnlyFileSystem) { try await reader.synchronize() }
        await reader.close()
        #expect(throws: Errno.staleNFSFileHandle) { try reader.node(file.id) }
        #expect(try engine.node(file.id) == file)
        await engine.close()
    }

    @Test func anotherMachineIsOnlyForcedAway() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let owner = "'elsewhere', 'm', 'another boot', 77, 5, 0"
        try Self.execute("INSERT INTO sessions VALUES (0, \(owner))", on: fixture.path)
        let refusal = VolumeError.inUse(path: fixture.path, by: "process 77 on elsewhere", mayForce: true)
        #expect(await Self.refusal(of: fixture.path) == refusal)
        #expect("\(refusal)".contains("--force"))
        #expect(try Database(fixture.path, .read).number("SELECT epoch FROM state") == 0)
        #expect(await Self.refusal(of: fixture.path, takesOver: true) == nil)
        #expect(await Self.refusal(of: fixture.path) == nil)
    }

    @Test func knowsWhoIsOver() {
        let own = SessionOwner.current(at: 5)
        #expect(own.fate(of: own) == .alive)
        var other = own
        other.processStart += 1
        #expect(own.fate(of: other) == .over)
        other = own
        // The first process of all, but not of that time.
        other.process = 1
        #expect(own.fate(of: other) == .over)
        other = own
        other.boot = "before"
        #expect(own.fate(of: other) == .over)
        other.machine = "another of that name"
        #expect(own.fate(of: other) == .unknown)
        other.machine = own.machine
        other.host = "another"
        #expect(own.fate(of: other) == .unknown)
        // A container that was started anew, under another name.
        other.boot = own.boot
        other.processStart = 0
        #expect(own.fate(of: other) == .over)
    }

    @Test func whoLosesTheVolumeIsFenced() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        let file = try await calls.make("file")
        // As another machine would take it over.
        try Self.execute("UPDATE state SET epoch = epoch + 1", on: fixture.path)
        await #expect(throws: Errno.staleNFSFileHandle) { try await calls.make("lost") }
        await #expect(throws: Errno.staleNFSFileHandle) { try await calls.make("again") }
        await #expect(throws: Errno.staleNFSFileHandle) { try await engine.synchronize() }
        #expect(throws: Errno.staleNFSFileHandle) { try engine.node(file.id) }
        await engine.close()
        let names = try Database(fixture.path, .read).number("SELECT count(*) FROM names")
        #expect(names == 1)
        // The one who closes is not the one whose session it is.
        #expect(try Database(fixture.path, .read).number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func synchronizeNoticesTheLoss() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        try Self.execute("UPDATE state SET epoch = epoch + 1", on: fixture.path)
        await #expect(throws: Errno.staleNFSFileHandle) { try await engine.synchronize() }
        await engine.close()
    }

    // MARK: What sessions leave

    @Test func closingDisposesOfWhatHasNoName() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        _ = try await calls.makeUnnamed()
        let removed = try await calls.make("removed").id
        let number = try await calls.write(removed, at: 0, 10)
        try await calls.removeFile("removed")
        let pending = try await engine.reserveObjects(2)
        await engine.close()
        await #expect(throws: Errno.staleNFSFileHandle) { try await calls.make("late") }
        #expect(throws: Errno.staleNFSFileHandle) { try engine.node(.root) }
        let next = try await SQLiteEngine.open(fixture.path)
        #expect(try next.usage().nodes == 1)
        #expect(try next.garbage(limit: 9) == [number] + Array(pending))
        #expect(try next.usage().garbageBytes == 10)
        try await next.forget([number] + Array(pending))
        #expect(try next.garbage(limit: 9) == [])
        #expect(try await next.check() == [])
        await next.close()
    }

    @Test func openingDisposesOfWhatTheDeadHaveLeft() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        var engine: SQLiteEngine? = try await SQLiteEngine.open(fixture.path)
        if let engine {
            let calls = MetadataCalls(engine)
            _ = try await calls.makeUnnamed()
            _ = try await engine.reserveObjects(1)
        }
        // Not closed: as after a crash, but that this process goes on and has to look dead.
        engine = nil
        var refusal = await Self.refusal(of: fixture.path)
        for _ in 0..<500 {
            try? Self.execute("UPDATE sessions SET process_start = 1", on: fixture.path)
            refusal = await Self.refusal(of: fixture.path)
            if refusal == nil { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(refusal == nil)
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        #expect(try reader.usage().nodes == 1)
        #expect(try reader.garbage(limit: 9).count == 1)
        #expect(try await reader.check() == [])
        await reader.close()
    }
}
