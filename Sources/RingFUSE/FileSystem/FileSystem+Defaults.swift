public import SystemPackage

// The defaults: `ENOSYS`, or what the kernel takes for "not needed".

extension FileSystem {
    /// Promises nothing.
    public var features: FileSystemFeatures { [] }

    /// Does nothing.
    public func connected(_ connection: Connection) {}

    /// Does nothing.
    public func disconnected() async {}

    /// Does nothing.
    public func forget(_ node: NodeID, lookups: UInt64) {}

    /// Not supported: `ENOSYS`.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Tells zeros.
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        FileSystemStatistics()
    }

    /// Not supported: `ENOSYS`.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) { throw .noFunction }

    /// Does nothing.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {}

    /// Not supported: `ENOSYS`.
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Does nothing.
    public func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {}

    /// Not supported: `ENOSYS`.
    public func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> DetailedAttributesReply {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock? {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32 {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func poll(
        _ file: OpenFile,
        for events: UInt32,
        _ handle: PollHandle?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt32 {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func deviceBlock(
        of node: NodeID,
        block: UInt64,
        blockSize: UInt32,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        throw .noFunction
    }

    /// Not supported: `ENOSYS`.
    public func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno) {
        throw .noFunction
    }
}
