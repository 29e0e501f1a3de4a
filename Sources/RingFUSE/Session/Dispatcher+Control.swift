import CRingFUSE
import FUSEProtocol
import SystemPackage

// Requests for locks, ioctl, poll, bmap, syncfs, and the forms of create and stat that few programs use.

extension Dispatcher {
    func createUnnamed(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? TemporaryFileRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        try check(request.trailing, header)
        let node = NewNode(mode: NodeMode(.regular, permissions: request.mode), umask: request.umask)
        let reply = try await backend.createUnnamed(
            in: NodeID(header.node), node, OpenFlags(rawValue: request.flags), context)
        return store(reply, in: frame)
    }

    func detailedAttributes(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? StatxRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let reply = try await backend.detailedAttributes(
            of: NodeID(header.node), request.fileHandle.map { HandleID($0) }, context)
        return frame.store(fuse_statx_out(reply))
    }

    func lock(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? LockRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        guard let kind = FileLock.Kind(rawValue: request.type) else { throw .invalidArgument }
        let lock = FileLock(
            kind: kind, start: request.start, end: request.end, processID: request.pid,
            isWholeFile: request.isFlock)
        let file = OpenFile(
            node: NodeID(header.node), handle: HandleID(request.fileHandle), lockOwner: request.owner)
        guard opcode == .getLock else {
            try await backend.setLock(lock, on: file, waits: opcode == .setLockWaiting, context)
            return 0
        }
        var other = lock
        other.kind = .unlock
        let answer = try await backend.conflict(with: lock, on: file, context) ?? other
        return frame.store(
            fuse_lk_out(
                lk: fuse_file_lock(
                    start: answer.start, end: answer.end, type: answer.kind.rawValue, pid: answer.processID)))
    }

    func control(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? IoctlRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        // FUSE_IOCTL_UNRESTRICTED would have the server name memory of the caller to read and write.
        guard request.flags & FUSE_IOCTL_UNRESTRICTED == 0 else { throw .inappropriateIOCTLForDevice }
        let file = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        let head = MemoryLayout<fuse_ioctl_out>.size
        // The output is written where the input stands.
        guard let input = frame.moved(request.input, behind: head + Int(request.outputSize))
        else { throw .invalidArgument }
        var output = frame.output(after: head, limitedTo: request.outputSize)
        let result = try await backend.control(file, request.command, input: input, output: &output, context)
        frame.store(fuse_ioctl_out(result: result, flags: 0, in_iovs: 0, out_iovs: 0))
        return head + output.byteCount
    }

    func poll(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? PollRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let file = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        let handle = request.wantsWakeUp ? PollHandle(rawValue: request.kernelHandle) : nil
        let events = try await backend.poll(file, for: request.events, handle, context)
        return frame.store(fuse_poll_out(revents: events, padding: 0))
    }

    func deviceBlock(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? BmapRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let block = try await backend.deviceBlock(
            of: NodeID(header.node), block: request.block, blockSize: request.blockSize, context)
        return frame.store(fuse_bmap_out(block: block))
    }

    func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno) -> Int {
        try await backend.synchronizeAll(context)
        return 0
    }
}
