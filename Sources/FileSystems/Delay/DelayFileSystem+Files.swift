public import RingFUSE
public import SystemPackage

// What is passed on without delay.

extension DelayFileSystem {
    /// Passed on.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await base.open(node, flags, context)
    }

    /// Passed on.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        try await base.create(named: name, in: directory, node, flags, context)
    }

    /// Passed on.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await base.flush(file, context)
    }

    /// Passed on.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await base.release(file, context)
    }

    /// Passed on.
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronize(file, dataOnly: dataOnly, context)
    }

    /// Passed on.
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.allocate(file, at: offset, length: length, mode, context)
    }

    /// Passed on.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await base.seek(file, to: target, from: offset, context)
    }

    /// Passed on.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await base.copy(from: source, at: sourceOffset, to: target, at: targetOffset, length: length, context)
    }

    /// Passed on.
    public func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await base.openDirectory(node, flags, context)
    }

    /// Passed on.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.entries(of: directory, after: cookie, into: &listing, context)
    }

    /// Passed on.
    public func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await base.releaseDirectory(directory, context)
    }

    /// Passed on.
    public func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronizeDirectory(directory, dataOnly: dataOnly, context)
    }
}
