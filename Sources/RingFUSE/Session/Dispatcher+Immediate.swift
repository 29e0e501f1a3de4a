import CRingFUSE
import FUSEProtocol
import SystemPackage

// The immediate tier: requests that the backend may answer on the worker's own thread, before there is any task.

extension Dispatcher {
    func attemptRead(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? ReadRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let file = OpenFile(header, request)
        let capacity = frame.capacity(for: request.size)
        if let zeros = try backend.zeros(file, at: request.offset, count: capacity, context) {
            let count = min(max(zeros, 0), capacity)
            frame.clear(count)
            return .success(count)
        }
        var buffer = frame.output(limitedTo: request.size)
        switch try backend.readImmediately(file, at: request.offset, into: &buffer, context)
        {
        case .answered: return .success(buffer.byteCount)
        case .deferred: return .deferred
        }
    }

    func attemptWrite(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? WriteRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        switch try backend.writeImmediately(
            OpenFile(header, request), at: request.offset, from: request.data, WriteOptions(request), context)
        {
        case .answered(let count): return .success(try reply(frame, written: count, of: request.size))
        case .deferred: return .deferred
        }
    }

    func attemptAttributes(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? GetAttributesRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        // Not among the arguments: the backend would be retained while they are made, in a cache line of all workers.
        let handle = request.fileHandle.map { HandleID($0) }
        switch try backend.attributesImmediately(of: NodeID(header.node), handle, context) {
        case .answered(let reply): return .success(frame.store(fuse_attr_out(reply)))
        case .deferred: return .deferred
        }
    }

    func attemptLookUp(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? LookUpRequest(payload: frame.payloadBytes) else { throw malformed(header) }
        switch try backend.lookUpImmediately(Name(request.name), in: NodeID(header.node), context) {
        case .answered(let entry): return .success(frame.store(fuse_entry_out(entry)))
        case .deferred: return .deferred
        }
    }

    func attemptOpen(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? OpenRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let flags = openFlags(request.flags, kills: request.killsSetID, context)
        switch try backend.openImmediately(NodeID(header.node), flags, context) {
        case .answered(let file): return .success(frame.store(opened(file)))
        case .deferred: return .deferred
        }
    }

    /// Leaves requests that bring groups of their caller to the task, which reads them.
    func attemptCreate(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard header.extensionLength == 0 else { return .deferred }
        guard let request = try? CreateRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        let node = NewNode(mode: NodeMode(.regular, permissions: request.mode), umask: request.umask)
        let flags = openFlags(request.flags, kills: request.killsSetID, context)
        switch try backend.createImmediately(
            named: Name(request.name), in: NodeID(header.node), node, flags, context)
        {
        case .answered(let reply): return .success(store(reply, in: frame))
        case .deferred: return .deferred
        }
    }

    func attemptRelease(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? ReleaseRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        return Answer(try backend.releaseImmediately(OpenFile(header, request), context))
    }

    func attemptUnlink(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard let request = try? RemoveRequest(payload: frame.payloadBytes) else { throw malformed(header) }
        return Answer(
            try backend.removeFileImmediately(named: Name(request.name), in: NodeID(header.node), context))
    }

    func attemptRename(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard
            let request = try? RenameRequest(
                argument: frame.argumentBytes, payload: frame.payloadBytes, hasFlags: opcode == .rename2)
        else { throw malformed(header) }
        return Answer(
            try backend.renameImmediately(
                Name(request.oldName), in: NodeID(header.node), to: Name(request.newName),
                in: NodeID(request.newParent), RenameFlags(rawValue: request.flags), context))
    }

    func attemptExtendedAttribute(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Answer {
        guard
            let request = try? GetExtendedAttributeRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        // The value is written where the name stands.
        guard let name = frame.saved(request.name) else { throw .outOfRange }
        let size = request.size
        var value = frame.output(limitedTo: size)
        switch try backend.extendedAttributeImmediately(
            named: Name(name), of: NodeID(header.node), into: &value, context)
        {
        case .answered(let total): return .success(size == 0 ? reply(frame, size: total) : value.byteCount)
        case .deferred: return .deferred
        }
    }
}

extension Answer {
    /// The answer to a request whose reply has nothing but a header.
    fileprivate init(_ outcome: Immediate<Void>) {
        switch outcome {
        case .answered: self = .success()
        case .deferred: self = .deferred
        }
    }
}
