internal import Glibc
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A file system that keeps sizes and no content, to measure what the transport alone costs.
///
/// Its only directory is the root. Files are made by create or mknod, get a size by truncation or by writes past
/// their end, and read as zeros; what is written is dropped. Look-ups, attributes, reads and writes are all answered
/// by the immediate tier. Attributes, reads and writes touch one atomic of a table made at the start: no lock, no
/// allocation, no reference count. Names are behind a lock, but the kernel asks for each of them only once.
///
/// The number of files is bounded by that table: `ENOSPC` beyond it.
@safe
public final class NullFileSystem: FileSystem {
    /// The size that stands for "no file has this node"; beyond what a file may have.
    static let unused = UInt64.max
    /// The largest size of a file, as in the kernel (`MAX_LFS_FILESIZE`).
    static let largestSize = UInt64(Int64.max)

    /// Files at the most.
    public let capacity: Int
    /// How the kernel is to treat open files.
    let openOptions: OpenReply.Options
    /// All times of all files.
    private let time = Timestamp.now
    /// Complements of sizes by node, the first for the node after the root: zeros stand for ``unused``, so that a page
    /// of the table takes memory once a file is in it. Atomics, since any worker may serve any file.
    nonisolated(unsafe) private let complements: UnsafeMutablePointer<Atomic<UInt64>>
    /// Names, and which nodes are in use.
    let names: Mutex<NullNames>

    /// A file system without files.
    ///
    /// - Parameters:
    ///   - capacity: files at the most; each that is there takes 32 bytes.
    ///   - openOptions: how the kernel is to treat open files: ``OpenReply/Options/directIO`` brings each read and
    ///     write to the server, ``OpenReply/Options/keepCache`` lets the page cache serve what it can.
    public init(capacity: Int = 65_536, openOptions: OpenReply.Options = .keepCache) {
        precondition(capacity > 0, "a null file system needs room for at least one file")
        self.capacity = capacity
        self.openOptions = openOptions
        let (count, size) = (capacity, MemoryLayout<Atomic<UInt64>>.stride)
        guard let zeros = unsafe calloc(count, size) else { preconditionFailure("no memory for \(count) sizes") }
        // Bytes of zero are an atomic zero.
        unsafe complements = zeros.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        names = Mutex(NullNames(capacity: capacity))
    }

    deinit {
        unsafe free(complements)
    }

    /// A file is cut while it is opened.
    public var features: FileSystemFeatures { [.truncatesOnOpen, .writebackCache, .mapsDirectIO, .answersAtOnce] }

    // MARK: Sizes

    /// The index of a file's size.
    ///
    /// - Throws: `EISDIR` for the root, `ESTALE` for a node that can't be.
    @inline(__always)
    func index(of node: NodeID) throws(Errno) -> Int {
        guard node != .root else { throw .isDirectory }
        guard node.rawValue >= 2, node.rawValue - 2 < UInt64(capacity) else { throw .staleNFSFileHandle }
        return Int(node.rawValue - 2)
    }

    /// The size of a file.
    ///
    /// - Throws: `EISDIR`, `ESTALE` where no file is.
    @inline(__always)
    func size(of node: NodeID) throws(Errno) -> UInt64 {
        // Relaxed: sizes order nothing else, and the kernel orders what programs may see.
        let size = unsafe ~complements[try index(of: node)].load(ordering: .relaxed)
        guard size != Self.unused else { throw .staleNFSFileHandle }
        return size
    }

    /// Sets a size, or ``unused``.
    func setSize(_ size: UInt64, at index: Int) {
        precondition(index >= 0 && index < capacity)
        unsafe complements[index].store(~size, ordering: .relaxed)
    }

    /// What `stat` tells.
    @inline(__always)
    func attributes(of node: NodeID) throws(Errno) -> Attributes {
        var attributes: Attributes
        if node == .root {
            attributes = Attributes(node: node, mode: NodeMode(.directory, permissions: 0o777), linkCount: 2)
        } else {
            attributes = Attributes(
                node: node,
                mode: NodeMode(.regular, permissions: 0o666),
                size: try size(of: node)
            )
            // Nothing is ever allocated.
            attributes.blocks = 0
        }
        attributes.accessTime = time
        attributes.modificationTime = time
        attributes.changeTime = time
        return attributes
    }

    // MARK: Nodes

    /// What `stat` tells; the owner is root, and all may do all.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(try attributes(of: node), lifetime: .forever)
    }

    /// What `stat` tells.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        .answered(AttributesReply(try attributes(of: node), lifetime: .forever))
    }

    /// Changes the size; all else stays as it is, without an error.
    ///
    /// - Throws: `EISDIR`, `EFBIG`, `ESTALE`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        if let size = changes.size {
            guard size <= Self.largestSize else { throw .fileTooLarge }
            _ = try self.size(of: node)
            setSize(size, at: try index(of: node))
        }
        return AttributesReply(try attributes(of: node), lifetime: .forever)
    }

    /// How many files there are, and blocks without end.
    public func statistics(of node: NodeID, _ context: borrowing RequestContext) -> FileSystemStatistics {
        let free = UInt64(capacity - names.withLock { $0.used })
        let blocks = Self.largestSize / 4096
        return FileSystemStatistics(blocks: blocks, freeBlocks: blocks, nodes: UInt64(capacity), freeNodes: free)
    }

    // MARK: Files

    /// Opens a file.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        _ = try size(of: node)
        if flags.contains(.truncate) { setSize(0, at: try index(of: node)) }
        return OpenReply(options: openOptions)
    }

    /// Tells how many zeros there are to the end of the file: nothing is ever read.
    public func zeros(
        _ file: OpenFile,
        at offset: UInt64,
        count: Int,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int? {
        let size = try size(of: file.node)
        return offset < size ? Int(min(UInt64(count), size - offset)) : 0
    }

    /// Reads zeros, for who asks in spite of ``zeros(_:at:count:_:)``: a file system that wraps this one.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard let count = try zeros(file, at: offset, count: buffer.freeCapacity, context) else { return }
        unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            // The memory still holds what was there before, maybe another user's data.
            unsafe _ = bytes.baseAddress.map { unsafe memset($0 + initialized, 0, count) }
            initialized += count
        }
    }

    /// Drops what is written, but for its end.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        try swallow(data.byteCount, into: file.node, at: offset)
    }

    /// Drops what is written, but for its end.
    public func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        .answered(try swallow(data.byteCount, into: file.node, at: offset))
    }

    /// Lets a file grow to the end of a write.
    @inline(__always)
    private func swallow(_ count: Int, into node: NodeID, at offset: UInt64) throws(Errno) -> Int {
        let size = try size(of: node)
        guard offset <= Self.largestSize - UInt64(count) else { throw .fileTooLarge }
        let end = offset + UInt64(count)
        // Looked at first: a write within the file, the common one, then leaves the cache line shared. A file that
        // is removed meanwhile holds `unused`, which no end exceeds.
        if count > 0, end > size { unsafe complements[try index(of: node)].min(~end, ordering: .relaxed) }
        return count
    }
}
