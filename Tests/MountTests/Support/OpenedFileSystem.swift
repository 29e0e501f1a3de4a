import RingFUSE
import Synchronization
import SystemPackage

/// One file `file` of a page in the root, all opened with the options that a test wants.
final class OpenedFileSystem: FileSystem {
    /// What has come.
    struct Seen: Sendable {
        var reads = 0
        var writes = 0
        /// Writes under way at a time, at the most.
        var writesAtOnce = 0
        var flushes = 0
        var listings = 0
    }

    private static let file = NodeID(2)
    private let options: OpenReply.Options
    private let state = Mutex((seen: Seen(), writing: 0))
    /// Writes wait until so many are under way, or for a moment.
    private let expectedWrites: Int

    /// A file system whose files are opened like this.
    init(_ options: OpenReply.Options, expectedWrites: Int = 1) {
        self.options = options
        self.expectedWrites = expectedWrites
    }

    /// What has come so far.
    var seen: Seen { state.withLock { $0.seen } }

    private func attributes(of node: NodeID) -> Attributes {
        node == Self.file
            ? Attributes(node: node, mode: .regular, size: 1 << 16)
            : Attributes(node: node, mode: .directory, linkCount: 2)
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard name == "file" else { throw .noSuchFileOrDirectory }
        return Entry(node: Self.file, attributes: attributes(of: Self.file), lifetime: .forever)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node), lifetime: .forever)
    }

    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        OpenReply(options: options)
    }

    func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        OpenReply(options: options)
    }

    func flush(_ file: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        state.withLock { $0.seen.flushes += 1 }
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        state.withLock { $0.seen.reads += 1 }
        let count = min(buffer.freeCapacity, max(0, 1 << 16 - Int(offset)))
        unsafe buffer.append(repeating: UInt8(ascii: "o"), count: count, as: UInt8.self)
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let count = data.byteCount
        state.withLock { state in
            state.writing += 1
            state.seen.writes += 1
            state.seen.writesAtOnce = max(state.seen.writesAtOnce, state.writing)
        }
        // Others may come meanwhile: for long where they are to, else for a moment.
        for _ in 0..<(expectedWrites > 1 ? 2000 : 40) where seen.writesAtOnce < max(2, expectedWrites) {
            try? await Task.sleep(for: .milliseconds(5))
        }
        state.withLock { $0.writing -= 1 }
        return count
    }

    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        state.withLock { $0.seen.listings += 1 }
        guard cookie == 0 else { return }
        StoredName("file").withName { name in
            _ = listing.append(name, inode: Self.file.rawValue, type: .regular, cookie: 1)
        }
    }
}
