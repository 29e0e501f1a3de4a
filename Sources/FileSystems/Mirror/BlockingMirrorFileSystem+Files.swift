public import RingFUSE
public import SystemPackage

// Files and directories. Reads, writes and the like are the mirror's own, with asynchronous I/O that is done on
// threads.

extension BlockingMirrorFileSystem {
    /// Opens a file.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await call(context) { mirror, context throws(Errno) in try mirror.open(node, flags, context) }
    }

    /// Makes a file and opens it.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        let name = StoredName(name)
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.create(named: Name(name.bytes.span), in: directory, node, flags, context)
        }
    }

    /// Makes a file without a name and opens it.
    public func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        try await call(context) { mirror, context throws(Errno) in
            try mirror.createUnnamed(in: directory, node, flags, context)
        }
    }

    /// Reads.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await mirror.read(file, at: offset, into: &buffer, onThreads(context))
    }

    /// Writes; what a write needs before it, on a thread.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard try mirror.needsPreparation(file, options) else {
            return try await mirror.write(file, at: offset, from: data, options, onThreads(context))
        }
        let bytes = data.byteCount
        let target = try await call(context) { mirror, context throws(Errno) in
            try mirror.writeTarget(file, bytes, options, context)
        }
        return try await mirror.write(data, to: target, at: offset, onThreads(context))
    }

    /// Lets the source's file system tell what closing tells.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        if mirror.options.locks == .source, let owner = file.lockOwner {
            try await call(context, cancellable: false) { mirror, _ throws(Errno) in
                mirror.locks.release(file.node, owner: owner)
            }
        }
        try await mirror.flush(file, onThreads(context))
    }

    /// Closes an open file.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        if mirror.options.locks == .source {
            try await call(context, cancellable: false) { mirror, _ throws(Errno) in
                mirror.locks.release(file.node, handle: file.handle)
            }
        }
        try await mirror.release(file, onThreads(context))
    }

    /// Makes a file durable.
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await mirror.synchronize(file, dataOnly: dataOnly, onThreads(context))
    }

    /// Allocates, punches or zeroes a range.
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await call(context) { mirror, context throws(Errno) in try mirror.clearPrivileges(of: file, context) }
        try await mirror.allocateOnly(file, at: offset, length: length, mode, onThreads(context))
    }

    /// Finds data or a hole.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await call(context) { mirror, context throws(Errno) in
            try mirror.seek(file, to: target, from: offset, context)
        }
    }

    /// Copies between files.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try await call(context) { mirror, context throws(Errno) in try mirror.clearPrivileges(of: target, context) }
        return try await mirror.copyOnly(
            from: source, at: sourceOffset, to: target, at: targetOffset, length: length, onThreads(context))
    }

    /// Opens a directory.
    public func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        try await call(context) { mirror, context throws(Errno) in try mirror.openDirectory(node, flags, context) }
    }

    /// Reads a directory.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let lent = Lent(listing)
        let result: Result<Void, Errno>
        do throws(Errno) {
            try await call(context) { mirror, context throws(Errno) in
                try lent.fill { listing throws(Errno) in
                    try mirror.entries(of: directory, after: cookie, into: &listing, context)
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        listing = lent.takeBack()
        try result.get()
    }

    /// Closes an open directory.
    public func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await call(context, cancellable: false) { mirror, context throws(Errno) in
            try mirror.releaseDirectory(directory, context)
        }
    }

    /// Makes a directory durable.
    public func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await mirror.synchronizeDirectory(directory, dataOnly: dataOnly, onThreads(context))
    }

    /// Tells a lock that stands in the way of another.
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock? {
        try await call(context) { mirror, context throws(Errno) in try mirror.conflict(with: lock, on: file, context) }
    }

    /// Sets or ends a lock.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        // Not left out once asked for: ending a lock must not get lost.
        try await mirror.setLock(lock, on: file, waits: waits) { () async throws(Errno) in
            try await call(context, cancellable: false) { mirror, _ throws(Errno) in
                try mirror.trySetLock(lock, on: file)
            }
        }
    }

    /// Tells and sets flags and attributes of a file.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32 {
        let input = unsafe input.withUnsafeBytes { unsafe [UInt8]($0) }
        let room = output.freeCapacity
        let (result, bytes) = try await call(context) { mirror, context throws(Errno) in
            try CopiedOutput.make(room) { output throws(Errno) in
                try Int(unsafe mirror.control(file, command, input: input.span.bytes, output: &output, context))
            }
        }
        for byte in bytes { output.append(byte) }
        return Int32(truncatingIfNeeded: result)
    }

    /// Makes the source durable.
    public func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno) {
        try await mirror.synchronizeAll(context)
    }
}

/// A listing that another thread fills while its owner waits.
private final class Lent: @unchecked Sendable {
    private var stored: DirectoryListing?

    /// Takes a listing over.
    init(_ listing: consuming DirectoryListing) { stored = consume listing }

    /// Lets `body` fill it; one thread at a time.
    func fill(_ body: (inout DirectoryListing) throws(Errno) -> Void) throws(Errno) {
        guard var listing = stored.take() else { preconditionFailure("taken back") }
        var failure: Errno?
        do throws(Errno) { try body(&listing) } catch { failure = error }
        stored = consume listing
        if let failure { throw failure }
    }

    /// Gives it back.
    func takeBack() -> DirectoryListing {
        guard let listing = stored.take() else { preconditionFailure("taken back twice") }
        return listing
    }
}
