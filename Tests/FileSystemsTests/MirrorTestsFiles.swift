import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Open files: reading, writing and what goes with it.
struct MirrorTestsFiles {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    @Test func createsWritesAndReads() async throws {
        let (entry, file) = try fixture.create("file", mode: 0o640)
        #expect(entry.attributes.mode.permissions == 0o640)
        #expect(try await fixture.write("hello, world", to: file) == 12)
        #expect(try await fixture.write("W", to: file, at: 7) == 1)
        #expect(try fixture.content(of: "file") == "hello, World")
        #expect(try await fixture.read(file) == "hello, World")
        #expect(try await fixture.read(file, at: 7, count: 3) == "Wor")
        #expect(try await fixture.read(file, at: 12) == "")
        #expect(try await fixture.read(file, at: 1 << 40) == "")
        for offset in [UInt64.max, 1 << 63] {
            await #expect(throws: Errno.invalidArgument) { _ = try await fixture.read(file, at: offset) }
            await #expect(throws: Errno.invalidArgument) { _ = try await fixture.write("x", to: file, at: offset) }
        }
        #expect(try fixture.attributes(of: entry.node, file.handle).size == 12)
        try await fixture.mirror.flush(file, fixture.context())
        try await fixture.mirror.synchronize(file, dataOnly: true, fixture.context())
        try await fixture.mirror.synchronize(file, dataOnly: false, fixture.context())
        #expect(try await fixture.read(file, count: 5) == "hello")
        try await fixture.mirror.release(file, fixture.context())
    }

    @Test func releaseAndFlushLeaveNoDescriptor() async throws {
        let (entry, file) = try fixture.create("file")
        #expect(fixture.descriptorCount() == 3)
        try await fixture.mirror.flush(file, fixture.context())
        #expect(fixture.descriptorCount() == 3)
        try await fixture.mirror.release(file, fixture.context())
        #expect(fixture.descriptorCount() == 2)
        fixture.mirror.forget(entry.node, lookups: 1)
        #expect(fixture.descriptorCount() == 1)
    }

    @Test func createOpensWhatExists() async throws {
        try fixture.put("old", at: "file")
        let known = try fixture.lookUp("file")
        #expect(throws: Errno.fileExists) { try fixture.create("file", flags: O_RDWR | O_EXCL) }
        let (entry, file) = try fixture.create("file", mode: 0o600)
        #expect(entry.node == known.node)
        #expect(entry.attributes.mode.permissions == 0o644)
        #expect(try await fixture.read(file) == "old")
        _ = try fixture.create("file", flags: O_RDWR | O_TRUNC)
        #expect(try await fixture.read(file) == "")
        _ = try fixture.makeDirectory("directory")
        #expect(throws: Errno.isDirectory) { try fixture.create("directory") }
    }

    @Test func opensAsAsked() async throws {
        try fixture.put("content", at: "file")
        let node = try fixture.lookUp("file").node
        let reading = try fixture.open(node, O_RDONLY)
        #expect(try await fixture.read(reading) == "content")
        await #expect(throws: Errno.badFileDescriptor) { _ = try await fixture.write("x", to: reading) }
        let writing = try fixture.open(node, O_WRONLY)
        await #expect(throws: Errno.badFileDescriptor) { _ = try await fixture.read(writing) }
        _ = try fixture.open(node, O_RDWR | O_TRUNC | O_EXCL | O_CREAT | O_NOFOLLOW)
        #expect(try await fixture.read(reading) == "")
        #expect(throws: Errno.isDirectory) { try fixture.open(.root, O_RDONLY) }
        #expect(throws: Errno.notDirectory) { try fixture.openDirectory(node) }
    }

    @Test func removedFilesLiveOnWhileKnown() async throws {
        try fixture.put("content", at: "file")
        let node = try fixture.lookUp("file").node
        try fixture.remove("file")
        let file = try fixture.open(node)
        #expect(try await fixture.read(file) == "content")
        #expect(try fixture.attributes(of: node, nil).linkCount == 0)
    }

    @Test func appendsWhereTheFileEnds() async throws {
        let (entry, file) = try fixture.create("file", flags: O_RDWR | O_APPEND)
        #expect(try await fixture.write("one", to: file) == 3)
        // Another writer of the source, of whom the kernel does not know yet.
        let other = unsafe open(fixture.path + "/file", O_WRONLY | O_APPEND | O_CLOEXEC)
        let count = unsafe write(other, "two", 3)
        #expect(count == 3)
        close(other)
        #expect(try await fixture.write("three", to: file, at: 3) == 5)
        #expect(try fixture.content(of: "file") == "onetwothree")
        // Pages of a mapping go where they belong, and so does what comes after `fcntl` has ended O_APPEND.
        #expect(try await fixture.write("ONE", to: file, at: 0, .fromCache) == 3)
        let plain = OpenFile(node: entry.node, handle: file.handle, flags: .readWrite)
        #expect(try await fixture.write("TWO", to: plain, at: 3) == 3)
        #expect(try fixture.content(of: "file") == "ONETWOthree")
        #expect(fixture.descriptorCount() == 3)
    }

    @Test(.enabled(if: geteuid() == 0)) func writingClearsPrivilegesWhereAsked() async throws {
        func mode() throws -> UInt32 { try #require(fixture.source("file")).mode & 0o7777 }
        let (entry, file) = try fixture.create("file", mode: 0o6755)
        #expect(try await fixture.write("x", to: file) == 1)
        #expect(try mode() == 0o6755)
        #expect(try await fixture.write("x", to: file, at: 0, .killsPrivileges) == 1)
        #expect(try mode() == 0o755)

        // Set-group-ID without execute permission for the group stays.
        try fixture.changeMode(of: "file", to: 0o6745)
        _ = try fixture.setAttributes(of: entry.node) {
            $0.size = 0
            $0.killsPrivileges = true
        }
        #expect(try mode() == 0o2745)

        try fixture.changeMode(of: "file", to: 0o4755)
        // Who may keep them is told by the request, not to be guessed from the caller.
        _ = try fixture.open(entry.node, O_WRONLY | O_TRUNC, user: 1234)
        #expect(try mode() == 0o4755)
        let kill = CInt(bitPattern: OpenFlags.killsPrivileges.rawValue)
        _ = try fixture.open(entry.node, O_WRONLY | O_TRUNC | kill)
        #expect(try mode() == 0o755)
    }

    @Test func allocatesAndFindsHoles() async throws {
        let (_, file) = try fixture.create("file")
        let context = fixture.context()
        try await fixture.mirror.allocate(file, at: 0, length: 1 << 20, [], context)
        #expect(fixture.source("file")?.size == 1 << 20)
        try await fixture.mirror.allocate(file, at: 1 << 20, length: 1 << 20, .keepSize, context)
        #expect(fixture.source("file")?.size == 1 << 20)
        await #expect(throws: Errno.invalidArgument) {
            try await fixture.mirror.allocate(file, at: 0, length: 0, [], fixture.context())
        }
        let (_, sparse) = try fixture.create("sparse")
        _ = try await fixture.write("data", to: sparse, at: 1 << 20)
        #expect(try fixture.seek(sparse, to: .data, from: 0) == 1 << 20)
        #expect(try fixture.seek(sparse, to: .hole, from: 0) == 0)
        #expect(try fixture.seek(sparse, to: .hole, from: 1 << 20) == (1 << 20) + 4)
        #expect(throws: Errno.noSuchAddressOrDevice) {
            try fixture.seek(sparse, to: .data, from: 2 << 20)
        }
        try await fixture.mirror.allocate(
            sparse,
            at: 1 << 20,
            length: 4096,
            [.punchHole, .keepSize],
            context
        )
        #expect(try await fixture.read(sparse, at: 1 << 20) == "\0\0\0\0")
    }

    @Test func copiesBetweenFiles() async throws {
        let (_, source) = try fixture.create("source")
        let (_, target) = try fixture.create("target")
        _ = try await fixture.write("0123456789", to: source)
        _ = try await fixture.write("abc", to: target)
        let count = try await fixture.mirror.copy(
            from: source,
            at: 2,
            to: target,
            at: 1,
            length: 5,
            fixture.context()
        )
        #expect(count == 5)
        #expect(try fixture.content(of: "target") == "a23456")
        let rest = try await fixture.mirror.copy(
            from: source,
            at: 10,
            to: target,
            at: 0,
            length: .max,
            fixture.context()
        )
        #expect(rest == 0)
    }

    @Test func readsAndWritesALot() async throws {
        let (_, file) = try fixture.create("file")
        let text = String((0..<300_000).map { Character(UnicodeScalar(UInt8(33 + $0 % 90))) })
        #expect(try await fixture.write(text, to: file, at: 5) == text.utf8.count)
        #expect(try await fixture.read(file, at: 5, count: 1 << 20) == text)
    }

    @Test func directIOReachesTheSourceWhereAsked() async throws {
        let fixture = try MirrorFixture(options: .init(passesDirectIO: true))
        let (_, plain) = try fixture.create("file")
        let text = String(repeating: "x", count: 8192 + 100)
        _ = try await fixture.write(text, to: plain)
        let direct = try fixture.open(plain.node, O_RDONLY | rfuse_direct_flag)
        #expect(fcntl(CInt(direct.handle.rawValue) - 1, F_GETFL) & rfuse_direct_flag != 0)
        #expect(try await fixture.read(direct) == text)
        #expect(try await fixture.read(direct, at: 8192, count: 4096).utf8.count == 100)
        let other = try self.fixture.create("file", flags: O_RDWR | rfuse_direct_flag).file
        #expect(fcntl(CInt(other.handle.rawValue) - 1, F_GETFL) & rfuse_direct_flag == 0)
    }
}
