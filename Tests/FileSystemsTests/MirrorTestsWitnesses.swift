import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// What a session sees of the backend: each requirement must be met by the mirror's own method.
///
/// Most of these are synchronous; were they to miss their requirement by a detail of their signature, the protocol's
/// asynchronous default would take over silently.
struct MirrorTestsWitnesses {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    /// Calls what makes, changes and removes names, as a session does: generically.
    private func changeNames(_ backend: some FileSystem) async throws(Errno) {
        let context = fixture.context()
        let a = StoredName("a")
        let b = StoredName("b")
        let made = try await backend.makeNode(
            named: Name(a.bytes.span),
            in: .root,
            NewNode(mode: .regular),
            context
        )
        #expect(try await backend.lookUp(Name(a.bytes.span), in: .root, context).node == made.node)
        _ = try await backend.link(made.node, to: Name(b.bytes.span), in: .root, context)
        try await backend.removeFile(named: Name(a.bytes.span), in: .root, context)
        try await backend.rename(Name(b.bytes.span), in: .root, to: Name(a.bytes.span), in: .root, [], context)
        try await backend.removeFile(named: Name(a.bytes.span), in: .root, context)
        _ = try await backend.makeDirectory(
            named: Name(a.bytes.span),
            in: .root,
            NewNode(mode: .directory),
            context
        )
        try await backend.removeDirectory(named: Name(a.bytes.span), in: .root, context)
        let link = try await backend.makeSymbolicLink(
            named: Name(a.bytes.span),
            in: .root,
            to: Name(b.bytes.span),
            context
        )
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        try await backend.readSymbolicLink(link.node, into: &span, context)
        #expect(span.byteCount == 1)
        backend.forget(made.node, lookups: 3)
        await #expect(throws: Errno.staleNFSFileHandle) {
            _ = try await backend.attributes(of: made.node, nil, fixture.context())
        }
    }

    /// Calls what concerns files and attributes.
    private func changeFiles(_ backend: some FileSystem) async throws(Errno) {
        let context = fixture.context()
        let name = StoredName("file")
        let attribute = StoredName("user.attribute")
        let made = try await backend.create(
            named: Name(name.bytes.span),
            in: .root,
            NewNode(mode: .regular),
            .readWrite,
            context
        )
        let file = OpenFile(node: made.entry.node, handle: made.file.handle, flags: .readWrite)
        #expect(try await backend.open(file.node, .readWrite, context).handle != .none)
        var changes = AttributeChanges()
        changes.size = 10
        #expect(try await backend.setAttributes(changes, of: file.node, file.handle, context).attributes.size == 10)
        #expect(try await backend.attributes(of: file.node, file.handle, context).attributes.size == 10)
        #expect(try await backend.seek(file, to: .hole, from: 0, context) == 0)
        #expect(try await backend.copy(from: file, at: 0, to: file, at: 20, length: 5, context) == 5)
        try await backend.allocate(file, at: 0, length: 100, [], context)
        try await backend.checkAccess(.read, to: file.node, context)
        #expect(try await backend.statistics(of: .root, context).blocks > 0)
        try await backend.flush(file, context)
        try await backend.synchronize(file, dataOnly: true, context)
        let value: [UInt8] = [1, 2, 3]
        try unsafe await backend.setExtendedAttribute(
            named: Name(attribute.bytes.span),
            of: file.node,
            to: value.span.bytes,
            .any,
            context
        )
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let size = try await backend.extendedAttribute(
            named: Name(attribute.bytes.span),
            of: file.node,
            into: &span,
            context
        )
        #expect(size == 3)
        let namesSize = try await backend.extendedAttributeNames(of: file.node, into: &span, context)
        #expect(namesSize == 15)
        try await backend.removeExtendedAttribute(named: Name(attribute.bytes.span), of: file.node, context)
        #expect(try await backend.detailedAttributes(of: file.node, file.handle, context).reply.attributes.size == 100)
        let lock = FileLock(kind: .write, start: 0, end: 9)
        let owned = OpenFile(node: file.node, handle: file.handle, lockOwner: 1)
        try await backend.setLock(lock, on: owned, waits: false, context)
        let other = OpenFile(node: file.node, handle: file.handle, lockOwner: 2)
        #expect(try await backend.conflict(with: lock, on: other, context)?.kind == .write)
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        await #expect(throws: Errno.inappropriateIOCTLForDevice) {
            _ = try await unsafe backend.control(
                file,
                0x5401,
                input: value.span.bytes,
                output: &output,
                self.fixture.context()
            )
        }
        try await backend.synchronizeAll(context)
        let unnamed = try await backend.createUnnamed(in: .root, NewNode(mode: .regular), .readWrite, context)
        #expect(unnamed.entry.attributes.linkCount == 0)
        let unnamedFile = OpenFile(node: unnamed.entry.node, handle: unnamed.file.handle)
        try await backend.release(unnamedFile, context)
        try await backend.release(file, context)
        await #expect(throws: Errno.badFileDescriptor) { try await backend.release(file, fixture.context()) }
    }

    /// Calls what concerns directories.
    private func readDirectories(_ backend: some FileSystem) async throws(Errno) {
        let context = fixture.context()
        let file = OpenFile(node: .root, handle: try await backend.openDirectory(.root, [], context).handle)
        #expect(file.handle != .none)
        try await backend.synchronizeDirectory(file, dataOnly: false, context)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe memory.deallocate() }
        var listing = unsafe DirectoryListing(
            base: memory.baseAddress.unsafelyUnwrapped,
            capacity: 64,
            wantsEntries: false
        )
        try await backend.entries(of: file, after: 0, into: &listing, context)
        try await backend.releaseDirectory(file, context)
        await #expect(throws: Errno.badFileDescriptor) {
            try await backend.releaseDirectory(file, fixture.context())
        }
    }

    @Test func namesAreTheMirrorsOwn() async throws { try await changeNames(fixture.mirror) }

    @Test func filesAreTheMirrorsOwn() async throws { try await changeFiles(fixture.mirror) }

    @Test func directoriesAreTheMirrorsOwn() async throws { try await readDirectories(fixture.mirror) }

    @Test func namesPassThroughThreads() async throws {
        try await changeNames(BlockingMirrorFileSystem(fixture.mirror))
    }

    @Test func filesPassThroughThreads() async throws {
        try await changeFiles(BlockingMirrorFileSystem(fixture.mirror))
    }

    @Test func directoriesPassThroughThreads() async throws {
        try await readDirectories(BlockingMirrorFileSystem(fixture.mirror))
    }
}
