import CRingFUSE
import FUSEProtocol
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import RingFUSE

/// What a request says beyond its operation, and what the user wants of the page cache, as a backend meets them.
@Suite struct DispatcherFeaturesTests {
    /// Serves one request as a worker's task would.
    ///
    /// - Returns: the error, the reply's payload, and what was reported.
    private func serve(
        _ backend: ToldBackend,
        _ request: KernelRequest,
        caching: SessionConfiguration.FileCaching = .backend,
        flags: InitFlags = [.maxPages, .extendedSetXattr, .handleKillPrivilegesV2]
    ) async -> (error: Int32, payload: [UInt8], events: [String]) {
        let events = EventLog()
        let dispatcher = Dispatcher(
            backend: backend, agreed: agreedSession(flags: flags), caching: caching, onInterrupt: { _ in },
            onEvent: { events.add($0) })
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 8)
        defer { unsafe memory.deallocate() }
        // Not zero: whoever reads beyond what was sent must notice.
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xee)
        unsafe memory.copyBytes(from: request.header)
        let argument = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[128..<256])
        unsafe argument.copyBytes(from: request.argument)
        let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[4096..<12288])
        unsafe payload.copyBytes(from: request.payload)
        let frame = unsafe RequestFrame(
            header: UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped), argument: UnsafeRawBufferPointer(argument),
            payload: UnsafeRawBufferPointer(rebasing: payload[..<request.payload.count]), reply: payload,
            scratch: UnsafeMutableRawBufferPointer(rebasing: memory[12288...]),
            dirty: DirtyExtent(memory.baseAddress.unsafelyUnwrapped + 256))
        let answer = await dispatcher.serve(frame, IOEngine())
        return (answer.error, unsafe Array(payload[..<answer.length]), events.all)
    }

    private func request(_ golden: Golden) -> KernelRequest {
        KernelRequest(
            opcode: golden.opcode.rawValue, unique: 2, argument: golden.argument, payload: golden.payload,
            extensionLength: golden.extensionLength)
    }

    // MARK: Extensions

    @Test(arguments: Golden.all.filter { $0.extensionLength > 0 })
    func extensions(_ golden: Golden) async {
        let backend = ToldBackend()
        #expect(await serve(backend, request(golden)).error == 0)
        let told = backend.all.first
        #expect(told?.label == "security.selinux")
        #expect(told?.value == Array("ctx:0".utf8))
        #expect(told?.group == 1000)
        #expect(backend.all.count == 1)
    }

    @Test func noExtensions() async throws {
        let golden = try #require(Golden.all.first { $0.opcode == .makeDirectory })
        var plain = request(golden)
        plain.payload.removeLast(golden.extensionLength)
        plain.extensionLength = 0
        let backend = ToldBackend()
        #expect(await serve(backend, plain).error == 0)
        #expect(backend.all == [ToldBackend.Told(name: "foo")])
    }

    /// Extensions that contradict themselves, or that reach into the names or beyond the request.
    @Test(arguments: Golden.all.filter { $0.extensionLength > 0 })
    func badExtensions(_ golden: Golden) async {
        let whole = request(golden)
        var requests: [KernelRequest] = []
        for lost in stride(from: 8, to: golden.extensionLength, by: 8) {
            var cut = whole
            cut.payload.removeLast(lost)
            requests.append(cut)
        }
        // The first record says that it is longer than all of them.
        var lying = whole
        lying.payload[lying.payload.count - golden.extensionLength] = 0xff
        let report = await serve(ToldBackend(), lying).events
        #expect(report == ["malformedRequest(opcode: \(golden.opcode.rawValue))"])
        requests.append(lying)
        var greedy = whole
        greedy.extensionLength = whole.payload.count / 8 * 8 + 8
        requests.append(greedy)
        for request in requests {
            let backend = ToldBackend()
            #expect(await serve(backend, request).error == EIO)
            #expect(backend.all == [])
        }
    }

    /// Eight bytes of zero are a sound extension (a header of no security context); not where they are the name's.
    @Test func extensionsInsideTheName() async {
        var request = KernelRequest(opcode: Opcode.symbolicLink.rawValue, unique: 2)
        // "n", "t" and 8 bytes of which only 4 follow the target.
        request.payload = Array("n".utf8) + [0, 8, 0, 0, 0, 0, 0, 0, 0]
        request.extensionLength = 8
        let backend = ToldBackend()
        #expect(await serve(backend, request).error == EIO)
        #expect(backend.all == [])
    }

    // MARK: Opens

    private static func open(_ flags: OpenFlags, kills: Bool) -> KernelRequest {
        KernelRequest(
            opcode: Opcode.open.rawValue, unique: 2, node: 2,
            argument: RequestBuilder().adding(flags.rawValue).adding(UInt32(kills ? 1 : 0)).octets)
    }

    @Test func opensSayWhatClearsSetIDBits() async {
        let cut: OpenFlags = [.writeOnly, .truncate]
        func told(_ flags: OpenFlags, kills: Bool, _ agreed: InitFlags) async -> OpenFlags? {
            let backend = ToldBackend()
            #expect(await serve(backend, Self.open(flags, kills: kills), flags: agreed).error == 0)
            return backend.all.first?.flags
        }
        let v2: InitFlags = [.handleKillPrivilegesV2]
        #expect(await told(cut, kills: true, v2) == cut.union(.killsPrivileges))
        #expect(await told(cut, kills: false, v2) == cut)
        // A kernel that says nothing; the caller is not root.
        #expect(await told(cut, kills: false, []) == cut.union(.killsPrivileges))
        #expect(await told(.writeOnly, kills: false, []) == .writeOnly)
    }

    /// `fuse_open_out.open_flags` for each wish and each thing that a backend may say.
    @Test func caching() async {
        func flags(_ caching: SessionConfiguration.FileCaching, _ options: OpenReply.Options) async -> UInt8? {
            let reply = await serve(
                ToldBackend(OpenReply(options: options)), Self.open(.readWrite, kills: false), caching: caching)
            return reply.payload.count == 16 ? reply.payload[8] : nil
        }
        #expect(await flags(.backend, []) == 0)
        #expect(await flags(.backend, .keepCache) == 2)
        #expect(await flags(.keep, []) == 2)
        #expect(await flags(.keep, .directIO) == 1)
        #expect(await flags(.bypass, .keepCache) == 1)
        #expect(await flags(.bypass, [.noFlush]) == 0x21)
    }

    /// What the kernel is told of a file that passes through: the number, and no flag that it would refuse.
    @Test func passthroughReply() {
        let file = BackingFile(id: 77, of: BackingFiles(device: FileDescriptor(rawValue: -1)))
        let reply = OpenReply(
            handle: HandleID(5), passingThrough: file, options: [.keepCache, .noFlush, .cacheDirectory])
        let out = fuse_open_out(reply)
        #expect(out.backing_id == 77)
        #expect(out.open_flags == FOPEN_PASSTHROUGH | FOPEN_NOFLUSH)
        #expect(out.fh == 5)
    }

    /// What is no connection registers nothing, and what has ended neither.
    @Test func registersNothingWithoutAConnection() throws {
        let null = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
        defer { try? null.close() }
        let files = BackingFiles(device: null)
        #expect(throws: Errno.inappropriateIOCTLForDevice) { try files.register(null) }
        #expect(throws: Errno.inappropriateIOCTLForDevice) { try files.probe() }
        files.close()
        #expect(throws: Errno.socketNotConnected) { try files.register(null) }
    }

    // MARK: Others

    @Test(arguments: [true, false])
    func setsAnAccessList(_ clears: Bool) async {
        let argument = RequestBuilder().adding(UInt32(4)).adding(UInt32(0)).adding(UInt32(clears ? 1 : 0))
            .adding(UInt32(0))
        let backend = ToldBackend()
        let answer = await serve(
            backend,
            KernelRequest(
                opcode: Opcode.setExtendedAttribute.rawValue, unique: 2, node: 2, argument: argument.octets,
                payload: RequestBuilder().adding(name: "system.posix_acl_access").adding(UInt32(2)).octets))
        #expect(answer.error == 0)
        #expect(backend.all == [ToldBackend.Told(name: "system.posix_acl_access", clearsSetGroupID: clears)])
    }

    @Test func submountRoots() {
        var attributes = Attributes(node: NodeID(2), mode: .directory)
        #expect(fuse_attr(attributes).flags == 0)
        attributes.isSubmountRoot = true
        #expect(fuse_attr(attributes).flags == FUSE_ATTR_SUBMOUNT)
    }
}
