import CRingFUSE
import FUSEProtocol
import SystemPackage

// Requests for files: open, read, write, close, fsync, ranges.

extension Dispatcher {
    func read(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? ReadRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        var buffer = frame.output(limitedTo: request.size)
        try await backend.read(OpenFile(header, request), at: request.offset, into: &buffer, context)
        return buffer.byteCount
    }

    func write(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? WriteRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        let size = request.size
        let count = try await backend.write(
            OpenFile(header, request), at: request.offset, from: request.data, WriteOptions(request), context)
        return try reply(frame, written: count, of: size)
    }

    /// The kernel calls more than it asked for an I/O error; so it is, in the backend.
    func reply(_ frame: RequestFrame, written count: Int, of size: UInt32) throws(Errno) -> Int {
        guard count >= 0, count <= Int(size) else { throw .ioError }
        return frame.store(fuse_write_out(size: UInt32(count), padding: 0))
    }

    func open(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? OpenRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        do throws(Errno) {
            let flags = openFlags(request.flags, kills: request.killsSetID, context)
            return frame.store(opened(try await backend.open(NodeID(header.node), flags, context)))
        } catch {
            return try reply(frame, withoutHandles: .noOpenSupport, error)
        }
    }

    /// `ENOSYS` says that there are no handles, to kernels that know that; others get an empty one.
    func reply(_ frame: RequestFrame, withoutHandles flag: InitFlags, _ error: Errno) throws(Errno) -> Int {
        guard error == .noFunction, !agreed.flags.contains(flag) else { throw error }
        return frame.store(opened(OpenReply()))
    }

    func create(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? CreateRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        try check(request.trailing, header)
        let node = NewNode(mode: NodeMode(.regular, permissions: request.mode), umask: request.umask)
        let flags = openFlags(request.flags, kills: request.killsSetID, context)
        let reply = try await backend.create(
            named: Name(request.name), in: NodeID(header.node), node, flags, context)
        return store(reply, in: frame)
    }

    /// Writes what CREATE and TMPFILE answer.
    ///
    /// - Returns: bytes of the reply's payload.
    func store(_ reply: CreateReply, in frame: RequestFrame) -> Int {
        let end = frame.store(fuse_entry_out(reply.entry))
        return frame.store(opened(reply.file), at: end)
    }

    func flush(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? FlushRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let file = OpenFile(
            node: NodeID(header.node), handle: HandleID(request.fileHandle), lockOwner: request.lockOwner)
        try await backend.flush(file, context)
        return 0
    }

    func release(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? ReleaseRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        try await backend.release(OpenFile(header, request), context)
        return 0
    }

    func synchronize(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? SyncRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let file = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        try await backend.synchronize(file, dataOnly: request.isDataOnly, context)
        return 0
    }

    func allocate(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? FallocateRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let file = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        try await backend.allocate(
            file, at: request.offset, length: request.length, AllocationMode(rawValue: request.mode), context)
        return 0
    }

    func seek(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? SeekRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        guard let target = SeekTarget(rawValue: request.whence) else { throw .invalidArgument }
        let file = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        let offset = try await backend.seek(file, to: target, from: request.offset, context)
        return frame.store(fuse_lseek_out(offset: offset))
    }

    func copy(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? CopyFileRangeRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let source = OpenFile(node: NodeID(header.node), handle: HandleID(request.sourceHandle))
        let target = OpenFile(
            node: NodeID(request.destinationNode), handle: HandleID(request.destinationHandle))
        // The reply of the older form has 32 bits for the count.
        let length = opcode == .copyFileRange ? min(request.length, UInt64(UInt32.max & ~4095)) : request.length
        let count = try await backend.copy(
            from: source, at: request.sourceOffset, to: target, at: request.destinationOffset, length: length,
            context)
        guard count <= length else { throw .ioError }
        return opcode == .copyFileRange
            ? frame.store(fuse_write_out(size: UInt32(count), padding: 0))
            : frame.store(fuse_copy_file_range_out(bytes_copied: count))
    }
}

extension OpenFile {
    init(_ header: RequestHeader, _ request: ReadRequest) {
        self.init(
            node: NodeID(header.node), handle: HandleID(request.fileHandle),
            flags: OpenFlags(rawValue: request.flags), lockOwner: request.lockOwner)
    }

    init(_ header: RequestHeader, _ request: borrowing WriteRequest) {
        self.init(
            node: NodeID(header.node), handle: HandleID(request.fileHandle),
            flags: OpenFlags(rawValue: request.flags), lockOwner: request.lockOwner)
    }

    init(_ header: RequestHeader, _ request: ReleaseRequest) {
        self.init(
            node: NodeID(header.node), handle: HandleID(request.fileHandle),
            flags: OpenFlags(rawValue: request.flags), lockOwner: request.lockOwner)
    }
}

extension WriteOptions {
    init(_ request: borrowing WriteRequest) {
        self = []
        if request.isFromCache { insert(.fromCache) }
        if request.killsSetID { insert(.killsPrivileges) }
    }
}
