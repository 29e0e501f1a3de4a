import RingFUSE
import SystemPackage

// What has to do with files and directories goes on to the file system below, and its entries are counted.

extension LookupCountingFileSystem {
    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await base.open(node, flags, context)
    }

    func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        let reply = try await base.create(named: name, in: directory, node, flags, context)
        count(reply.entry)
        return reply
    }

    func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        let reply = try await base.createUnnamed(in: directory, node, flags, context)
        count(reply.entry)
        return reply
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.read(file, at: offset, into: &buffer, context)
    }

    func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        try base.readImmediately(file, at: offset, into: &buffer, context)
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await base.write(file, at: offset, from: data, options, context)
    }

    func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        try base.writeImmediately(file, at: offset, from: data, options, context)
    }

    func flush(
        _ file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.flush(file, context)
    }

    func release(
        _ file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.release(file, context)
    }

    func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronize(file, dataOnly: dataOnly, context)
    }

    func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.allocate(file, at: offset, length: length, mode, context)
    }

    func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await base.seek(file, to: target, from: offset, context)
    }

    func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await base.copy(from: source, at: sourceOffset, to: target, at: targetOffset, length: length, context)
    }

    func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await base.openDirectory(node, flags, context)
    }

    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.entries(of: directory, after: cookie, into: &listing, context)
        if listing.wantsEntries { count(listing.bytes) }
    }

    func releaseDirectory(
        _ directory: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.releaseDirectory(directory, context)
    }

    func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronizeDirectory(directory, dataOnly: dataOnly, context)
    }

    func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.setExtendedAttribute(named: name, of: node, to: value, condition, context)
    }

    func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await base.extendedAttribute(named: name, of: node, into: &value, context)
    }

    func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await base.extendedAttributeNames(of: node, into: &names, context)
    }

    func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeExtendedAttribute(named: name, of: node, context)
    }

    func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock? {
        try await base.conflict(with: lock, on: file, context)
    }

    func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.setLock(lock, on: file, waits: waits, context)
    }

    func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32 {
        try await base.control(file, command, input: input, output: &output, context)
    }

    func poll(
        _ file: OpenFile,
        for events: UInt32,
        _ handle: PollHandle?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt32 {
        try await base.poll(file, for: events, handle, context)
    }

    func deviceBlock(
        of node: NodeID,
        block: UInt64,
        blockSize: UInt32,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await base.deviceBlock(of: node, block: block, blockSize: blockSize, context)
    }

    func synchronizeAll(
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronizeAll(context)
    }
}
