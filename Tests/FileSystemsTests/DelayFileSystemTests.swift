import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct DelayFileSystemTests {
    @Test func waitsBeforeItPassesOn() async throws {
        let calls = Calls(DelayFileSystem(MemoryFileSystem(byteLimit: 1 << 20), delay: .milliseconds(30)))
        let file = try await calls.create("file").entry.node
        for operation in 0..<3 {
            let start = ContinuousClock.now
            switch operation {
            case 0: #expect(try await calls.node("file") == file)
            case 1: #expect(try await calls.write([1, 2], to: file) == 2)
            default: #expect(try await calls.read(file, 9) == [1, 2])
            }
            #expect(ContinuousClock.now - start >= .milliseconds(30))
        }
    }

    @Test func defersTheImmediateTier() throws {
        let backend = DelayFileSystem(MemoryFileSystem(byteLimit: 1 << 20), delay: .zero)
        let context = Calls(backend).context
        let name: StoredName = "x"
        let bytes: [UInt8] = [1]
        let data = unsafe bytes.span.bytes
        let file = OpenFile(node: .root, handle: .none)
        let reply = Reply(capacity: 1)
        var span = unsafe OutputRawSpan(buffer: reply.memory, initializedCount: 0)
        guard case .deferred = try name.withName({ try backend.lookUpImmediately(copy $0, in: .root, context) }),
            case .deferred = try backend.readImmediately(file, at: 0, into: &span, context),
            case .deferred = try backend.writeImmediately(file, at: 0, from: data, [], context)
        else {
            Issue.record("answered at once")
            return
        }
        guard case .answered = try backend.attributesImmediately(of: .root, nil, context) else {
            Issue.record("not passed on")
            return
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func interruptionEndsTheWait() async {
        let backend = DelayFileSystem(NullFileSystem(capacity: 1), delay: .seconds(3600))
        let request = Task { await errno { try await Calls(backend).lookUp("x") } }
        request.cancel()
        #expect(await request.value == .canceled, "EINTR for the program, as of all asynchronous I/O")
    }

    /// Each method reaches the file system behind, which answers something that no default does.
    @Test func passesEverythingOn() async throws {
        let base = MemoryFileSystem(byteLimit: 1 << 20)
        let calls = Calls(DelayFileSystem(base, delay: .zero))
        #expect(calls.backend.features == base.features.subtracting(.answersAtOnce))
        #expect(try await calls.statistics().blocks == 256)
        let directory = try await calls.makeDirectory("directory").node
        let file = try await calls.makeFile("file", in: directory).node
        try await calls.rename("file", in: directory, to: "moved", into: .root)
        _ = try await calls.link(file, to: "linked")
        let link = try await calls.makeSymbolicLink("link", to: "target").node
        #expect(try await calls.readSymbolicLink(link) == Array("target".utf8))
        #expect(try await calls.change(file) { $0.size = 10 }.size == 10)
        #expect(try await calls.attributes(of: file).linkCount == 2)
        try await calls.allocate(file, at: 0, 10)
        #expect(try await calls.seek(file, to: .hole, from: 0) == 10)
        #expect(try await calls.copy(file, at: 0, to: file, at: 10, 10) == 10)
        try await calls.setExtendedAttribute("user.a", of: file, to: [1])
        #expect(try await calls.extendedAttribute("user.a", of: file).bytes == [1])
        #expect(try await calls.extendedAttributeNames(of: file).size == 7)
        try await calls.removeExtendedAttribute("user.a", of: file)
        #expect(try await calls.open(file).options == .keepCache)
        try await calls.list(directory)
        try await calls.removeFile("moved")
        try await calls.removeFile("linked")
        try await calls.removeDirectory("directory")
        calls.backend.forget(file, lookups: 2)
        #expect(try await calls.attributes(of: file).size == 20, "still open")
        try await calls.release(file)
        #expect(await errno { try await calls.attributes(of: file) } == .staleNFSFileHandle)
    }
}
