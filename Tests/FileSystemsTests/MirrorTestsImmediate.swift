import CRingFUSE
import Glibc
import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

/// What the mirror answers without a task.
@Suite struct MirrorTestsImmediate {
    private let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    /// Reads at once; `nil` where the read is deferred.
    private func read(
        _ file: OpenFile,
        at offset: UInt64 = 0,
        count: Int = 1 << 16,
        of fixture: MirrorFixture? = nil
    ) throws(Errno) -> String? {
        let fixture = fixture ?? self.fixture
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let answer = try fixture.mirror.readImmediately(file, at: offset, into: &span, fixture.context())
        let filled = unsafe span.finalize(for: memory)
        guard case .answered = answer else { return nil }
        return unsafe String(decoding: memory[..<filled], as: UTF8.self)
    }

    /// Writes at once; `nil` where the write is deferred.
    private func write(
        _ text: String,
        to file: OpenFile,
        at offset: UInt64 = 0,
        _ options: WriteOptions = [],
        of fixture: MirrorFixture? = nil
    ) throws(Errno) -> Int? {
        let fixture = fixture ?? self.fixture
        let bytes = Array(text.utf8)
        let answer = try unsafe fixture.mirror.writeImmediately(
            file, at: offset, from: bytes.span.bytes, options, fixture.context())
        guard case .answered(let count) = answer else { return nil }
        return count
    }

    @Test func readsWhatIsCached() throws {
        try fixture.put("0123456789", at: "file")
        let file = try fixture.open(fixture.lookUp("file").node)
        #expect(try read(file) == "0123456789")
        #expect(try read(file, at: 4, count: 3) == "456")
        #expect(try read(file, at: 8, count: 3) == "89")
        #expect(try read(file, at: 10) == "")
        #expect(try read(file, at: 1 << 40) == "")
    }

    /// The kernel itself says whether a page is there; what is not must not be waited for.
    @Test func defersWhatIsNotCached() async throws {
        let (entry, file) = try fixture.create("file")
        let text = String(repeating: "abcdefgh", count: 8192)
        #expect(try await fixture.write(text, to: file) == text.utf8.count)
        try await fixture.mirror.synchronize(file, dataOnly: false, fixture.context())
        let descriptor = CInt(file.handle.rawValue) - 1
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        var byte: UInt8 = 0
        let isThere = unsafe rfuse_try_read(descriptor, &byte, 1, 0) != -Int(EAGAIN)
        #expect(try read(file) == (isThere ? text : nil))
        // Part of it is there now: all or nothing.
        #expect(try await fixture.read(fixture.open(entry.node), count: 4096) == String(text.prefix(4096)))
        #expect(try read(file, count: 4096) == String(text.prefix(4096)))
        let whole = try read(file)
        #expect(whole == nil || whole == text)
        #expect(try await fixture.read(file) == text)
    }

    @Test func refusesWhatDoesNotExist() throws {
        let file = OpenFile(node: .root, handle: HandleID(999))
        #expect(throws: Errno.badFileDescriptor) { try read(file) }
        #expect(throws: Errno.badFileDescriptor) { try write("x", to: file) }
        let (_, open) = try fixture.create("file")
        // The errors of these are the asynchronous method's to tell.
        #expect(try read(open, at: .max) == nil)
        #expect(try write("x", to: open, at: .max) == nil)
    }

    /// The first write finds out whether the source's file system can be told not to wait.
    @Test func writesAtOnce() throws {
        let (_, file) = try fixture.create("file")
        _ = try write("x", to: file)
        #expect(try write("0123456789", to: file) == 10)
        #expect(try write("ab", to: file, at: 4) == 2)
        #expect(try fixture.content(of: "file") == "0123ab6789")
        #expect(try read(file) == "0123ab6789")
    }

    @Test func appendsOnce() throws {
        let (_, file) = try fixture.create("file", flags: O_RDWR | O_APPEND)
        let first = try write("x", to: file) ?? 0
        #expect(try write("yz", to: file) == 2)
        #expect(try fixture.content(of: "file") == String("x".prefix(first)) + "yz")
        // Neither may append: a page has its place, and so has what is written once O_APPEND is gone.
        #expect(try write("p", to: file, .fromCache) == nil)
        #expect(try write("p", to: OpenFile(node: file.node, handle: file.handle)) == nil)
    }

    /// What waits for the device by its nature, and what needs more than a write.
    @Test func defersWhatWaits() throws {
        for flags in [O_SYNC, O_DSYNC] {
            let (_, file) = try fixture.create("file\(flags)", flags: O_RDWR | flags)
            for _ in 0..<3 { #expect(try write("x", to: file) == nil) }
            #expect(try read(file) == "")
        }
        let fixture = try MirrorFixture(options: .init(passesDirectIO: true))
        let (_, direct) = try fixture.create("direct", flags: O_RDWR | rfuse_direct_flag)
        for _ in 0..<3 {
            #expect(try read(direct, of: fixture) == nil)
            #expect(try write("x", to: direct, of: fixture) == nil)
        }
        let (_, file) = try self.fixture.create("file")
        for _ in 0..<3 { #expect(try write("x", to: file, .killsPrivileges) == nil) }
        #expect(try self.fixture.content(of: "file") == "")
    }

    /// tmpfs does not know how not to wait, and has nothing to wait for.
    @Test func doesAllInMemory() throws {
        let fixture = try MirrorFixture(in: "/dev/shm")
        try #require(fixture.mirror.sourceKind == .memory)
        let (_, file) = try fixture.create("file")
        for _ in 0..<2 { _ = try write("0123456789", to: file, of: fixture) }
        #expect(try write("ab", to: file, at: 4, of: fixture) == 2)
        #expect(try read(file, of: fixture) == "0123ab6789")
        #expect(try read(file, at: .max, of: fixture) == nil)
    }

    /// What is mounted inside the source may be anything, and is not asked what it is.
    @Test(.enabled(if: geteuid() == 0))
    func leavesOtherMountsAlone() throws {
        _ = try fixture.makeDirectory("mount")
        let target = fixture.path + "/mount"
        let mounted = unsafe mount("tmpfs", target, "tmpfs", 0, nil)
        try #require(mounted == 0)
        defer { unsafe umount2(target, CInt(MNT_DETACH)) }
        let (entry, file) = try fixture.create("file", in: fixture.lookUp("mount").node)
        for _ in 0..<3 {
            #expect(try write("x", to: file) == nil)
            #expect(try read(file) == nil)
        }
        #expect(try fixture.mirror.files.found(file.handle).traits == [.open, .readsWait, .writesWait])
        fixture.mirror.forget(entry.node, lookups: 1)
    }

    @Test func kindsOfSources() throws {
        func kind(_ path: String) -> MirrorSourceKind {
            let descriptor = CInt(unsafe rfuse_open_directory_path(path))
            defer { close(descriptor) }
            return MirrorSourceKind(of: descriptor)
        }
        #expect(kind("/dev/shm") == .memory)
        #expect(kind("/proc") == .local)
    }

    /// A number that is used again does not keep what was known of the file that had it before.
    @Test func forgetsWhatWasClosed() async throws {
        let (entry, first) = try fixture.create("file", flags: O_RDWR | O_SYNC)
        try await fixture.mirror.release(first, fixture.context())
        let files = fixture.mirror.files
        for _ in 0..<64 {
            let file = try fixture.open(entry.node)
            #expect(try !files.found(file.handle).traits.contains(.writesWait))
        }
        #expect(throws: Errno.badFileDescriptor) { try files.remove(HandleID(UInt64(files.capacity) + 1)) }
    }

    /// Neither asks a file system what it is when that may be a request to the server itself.
    @Test func namesAndAttributes() throws {
        try fixture.put("12345", at: "file")
        let name: StoredName = "file"
        let context = fixture.context()
        guard
            case .answered(let entry) = try name.withName({ name throws(Errno) in
                try fixture.mirror.lookUpImmediately(name, in: .root, context)
            }),
            case .answered(let reply) = try fixture.mirror.attributesImmediately(of: entry.node, nil, context)
        else {
            Issue.record("deferred")
            return
        }
        #expect(reply.attributes.size == 5 && entry.attributes == reply.attributes)
    }

    @Test func patienceEndsAndReturns() throws {
        let eternal = MirrorPatience(limit: .max, pause: .max / 4)
        for number in 0..<3 { #expect(eternal.attempt { number } == number) }
        let short = MirrorPatience(limit: -1, pause: .max / 4)
        #expect(short.attempt { 1 } == 1, "the first one finds out")
        #expect(short.attempt { 2 } == nil)
        let forgiving = MirrorPatience(limit: -1, pause: 0)
        for number in 0..<3 { #expect(forgiving.attempt { number } == number) }
    }
}
