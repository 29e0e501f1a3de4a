import CRingFUSE
package import FUSEProtocol
import Synchronization
import SystemPackage

/// Decodes requests, calls the backend, and encodes replies.
///
/// The only part of the hot path that is generic over the backend. Immutable, so all workers share it.
package final class Dispatcher<Backend: FileSystem>: RequestHandler, @unchecked Sendable {
    let backend: Backend
    let agreed: NegotiatedSession
    private let caching: SessionConfiguration.FileCaching
    private let notifier: Notifier
    private let onInterrupt: @Sendable (UInt64) -> Void
    private let onEvent: @Sendable (WorkerEvent) -> Void
    /// Unknown opcodes that were told of.
    private let unknownOpcodes = Mutex<Set<UInt32>>([])

    /// A dispatcher for a connection.
    ///
    /// - Parameters:
    ///   - caching: what the user wants of the page cache, whatever the backend says.
    ///   - notifier: gets what the kernel answers to it.
    ///   - onInterrupt: gets the numbers of requests whose callers were interrupted; called on any worker.
    ///   - onEvent: gets what no caller will hear of.
    package init(
        backend: Backend,
        agreed: NegotiatedSession,
        caching: SessionConfiguration.FileCaching = .backend,
        notifier: Notifier = .disconnected,
        onInterrupt: @escaping @Sendable (UInt64) -> Void,
        onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) {
        self.backend = backend
        self.agreed = agreed
        self.caching = caching
        self.notifier = notifier
        self.onInterrupt = onInterrupt
        self.onEvent = onEvent
    }

    package override func report(_ event: WorkerEvent) { onEvent(event) }

    // MARK: The immediate tier

    package override func attempt(_ frame: RequestFrame, _ io: IOEngine) -> Answer {
        guard let header = frame.decodedHeader else { return .failure(Errno.ioError.rawValue) }
        do throws(Errno) {
            // By number: these come by the thousand, and making an opcode of it is a call into another module.
            switch header.opcode {
            case FUSE_READ.rawValue: return try attemptRead(frame, header, context(header, io))
            case FUSE_WRITE.rawValue: return try attemptWrite(frame, header, context(header, io))
            case FUSE_GETATTR.rawValue: return try attemptAttributes(frame, header, context(header, io))
            case FUSE_LOOKUP.rawValue: return try attemptLookUp(frame, header, context(header, io))
            default: return attemptRare(frame, header, io)
            }
        } catch {
            return .failure(error.rawValue)
        }
    }

    /// Tries what the backend may answer at once as well, and takes what tells the server something and asks for nothing;
    /// leaves the others to their entries' tasks.
    @inline(never)
    private func attemptRare(_ frame: RequestFrame, _ header: RequestHeader, _ io: IOEngine) -> Answer {
        guard let opcode = Opcode(rawValue: header.opcode) else {
            reportUnknown(header.opcode)
            return .failure(Errno.noFunction.rawValue)
        }
        do throws(Errno) {
            switch opcode {
            case .open: return try attemptOpen(frame, header, context(header, io))
            case .create: return try attemptCreate(frame, header, context(header, io))
            case .release: return try attemptRelease(frame, header, context(header, io))
            case .unlink: return try attemptUnlink(frame, header, context(header, io))
            case .getExtendedAttribute: return try attemptExtendedAttribute(frame, header, context(header, io))
            case .rename, .rename2: return try attemptRename(opcode, frame, header, context(header, io))
            case .forget: return try forget(frame, header)
            case .batchForget: return try forgetBatch(frame)
            case .interrupt: return try interrupt(frame)
            case .notifyReply: return try retrieved(frame, header)
            case .destroy: return .success()
            default: return .deferred
            }
        } catch {
            return opcode.hasReply ? .failure(error.rawValue) : .silence
        }
    }

    /// Tells of an unknown opcode once: a kernel need not stop sending what it was refused.
    private func reportUnknown(_ opcode: UInt32) {
        let isNew = unknownOpcodes.withLock { $0.count < 256 && $0.insert(opcode).inserted }
        if isNew { onEvent(.unknownOpcode(opcode)) }
    }

    private func forget(_ frame: RequestFrame, _ header: RequestHeader) throws(Errno) -> Answer {
        guard let request = try? ForgetRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        backend.forget(NodeID(header.node), lookups: request.lookUpCount)
        return .silence
    }

    private func forgetBatch(_ frame: RequestFrame) throws(Errno) -> Answer {
        guard let request = try? BatchForgetRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(frame.decodedHeader) }
        request.forEach { backend.forget(NodeID($0.node), lookups: $0.lookUpCount) }
        return .silence
    }

    private func interrupt(_ frame: RequestFrame) throws(Errno) -> Answer {
        guard let request = try? InterruptRequest(argument: frame.argumentBytes)
        else { throw malformed(frame.decodedHeader) }
        onInterrupt(request.target)
        return .silence
    }

    /// The kernel's answer to a notification that asked for content of its cache. On the ring, where it comes in an
    /// entry like any request (`fuse_uring_queue_fuse_req`), that goes back with an empty reply.
    private func retrieved(_ frame: RequestFrame, _ header: RequestHeader) throws(Errno) -> Answer {
        guard let reply = try? RetrieveReply(payload: frame.payloadBytes) else {
            notifier.retrievalFailed(header.unique)
            throw malformed(header)
        }
        notifier.retrieved(header.unique, reply.data)
        return .silence
    }

    // MARK: The asynchronous tier

    package override func serve(_ frame: RequestFrame, _ io: IOEngine) async -> Answer {
        // The header was decoded once, by `attempt`; keeping it would cost more than decoding it again.
        guard let header = frame.decodedHeader, let opcode = Opcode(rawValue: header.opcode)
        else { return .failure(Errno.ioError.rawValue) }
        do throws(Errno) {
            guard header.extensionLength > 0 else {
                return .success(try await perform(opcode, frame, header, context(header, io)))
            }
            let context = try context(header, extensionsOf: frame, io)
            return .success(try await perform(opcode, frame, header, context))
        } catch .canceled where Task.isCancelled {
            // An operation was cancelled because the caller was interrupted, which programs know by another name.
            return .failure(Errno.interrupted.rawValue)
        } catch {
            return .failure(error.rawValue)
        }
    }

    /// Carries a request out.
    ///
    /// - Returns: bytes of the reply's payload.
    private func perform(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        switch opcode {
        case .read: try await read(frame, header, context)
        case .write: try await write(frame, header, context)
        case .lookUp: try await lookUp(frame, header, context)
        case .getAttributes: try await attributes(frame, header, context)
        case .setAttributes: try await setAttributes(frame, header, context)
        case .open: try await open(frame, header, context)
        case .release: try await release(frame, header, context)
        case .flush: try await flush(frame, header, context)
        case .create: try await create(frame, header, context)
        case .sync: try await synchronize(frame, header, context)
        case .fallocate: try await allocate(frame, header, context)
        case .seek: try await seek(frame, header, context)
        case .copyFileRange, .copyFileRange64: try await copy(opcode, frame, header, context)
        case .openDirectory: try await openDirectory(frame, header, context)
        case .readDirectory, .readDirectoryPlus: try await readDirectory(opcode, frame, header, context)
        case .releaseDirectory: try await releaseDirectory(frame, header, context)
        case .syncDirectory: try await synchronizeDirectory(frame, header, context)
        case .symbolicLink, .makeNode, .makeDirectory, .link: try await make(opcode, frame, header, context)
        case .unlink, .removeDirectory: try await remove(opcode, frame, header, context)
        case .rename, .rename2: try await rename(opcode, frame, header, context)
        case .readLink: try await readLink(frame, header, context)
        case .access: try await access(frame, header, context)
        case .statFS: try await statistics(frame, header, context)
        case .setExtendedAttribute: try await setExtendedAttribute(frame, header, context)
        case .getExtendedAttribute: try await extendedAttribute(frame, header, context)
        case .listExtendedAttributes: try await extendedAttributeNames(frame, header, context)
        case .removeExtendedAttribute: try await removeExtendedAttribute(frame, header, context)
        case .temporaryFile: try await createUnnamed(frame, header, context)
        case .statx: try await detailedAttributes(frame, header, context)
        case .getLock, .setLock, .setLockWaiting: try await lock(opcode, frame, header, context)
        case .ioctl: try await control(frame, header, context)
        case .poll: try await poll(frame, header, context)
        case .blockMap: try await deviceBlock(frame, header, context)
        case .syncFS: try await synchronizeAll(context)
        // Answered by `attempt`, or not for file systems like these (DAX mappings of virtiofs, CUSE).
        case .forget, .batchForget, .interrupt, .notifyReply, .destroy, .initialize, .setUpMapping, .removeMapping,
            .cuseInitialize:
            throw .noFunction
        }
    }

    // MARK: Shared

    private func context(_ header: RequestHeader, _ io: IOEngine) -> RequestContext {
        RequestContext(
            unique: header.unique, userID: header.uid, groupID: header.gid, processID: header.pid, io: AsyncIO(io))
    }

    /// The context of a request with extensions, which stand at the end of its payload.
    private func context(
        _ header: RequestHeader,
        extensionsOf frame: RequestFrame,
        _ io: IOEngine
    ) throws(Errno) -> RequestContext {
        let start = unsafe frame.payload.count - header.extensionLength
        guard start >= 0 else { throw malformed(header) }
        // The payload outlives the context: it is the entry's until the reply is committed.
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: frame.payload[start...])
        guard
            (try? RequestExtensions(unsafe RawSpan(_unsafeBytes: bytes), length: header.extensionLength)) != nil
        else { throw malformed(header) }
        return unsafe RequestContext(header, extensions: bytes, io: AsyncIO(io))
    }

    /// An open file as the user wants it cached.
    func opened(_ reply: OpenReply) -> fuse_open_out {
        var out = fuse_open_out(reply)
        switch caching {
        case .backend: break
        case .keep:
            // Neither has anything cached that could be kept; with passthrough the kernel refuses the flag.
            if out.open_flags & (FOPEN_DIRECT_IO | FOPEN_PASSTHROUGH) == 0 { out.open_flags |= FOPEN_KEEP_CACHE }
        case .bypass:
            out.open_flags = out.open_flags & ~FOPEN_KEEP_CACHE | FOPEN_DIRECT_IO
        }
        return out
    }

    /// The flags of an open, and whether it clears set-ID bits.
    ///
    /// - Parameter kills: what the request says; only kernels that leave those bits to the server say anything.
    func openFlags(_ flags: UInt32, kills: Bool, _ context: borrowing RequestContext) -> OpenFlags {
        var result = OpenFlags(rawValue: flags)
        // Kernels before 5.12 clear nothing where the server cuts, and do not say who may keep the bits: root may.
        let isUntold = !agreed.flags.contains(.handleKillPrivilegesV2) && context.userID != 0
        if kills || (isUntold && result.contains(.truncate)) { result.insert(.killsPrivileges) }
        return result
    }

    /// The error for a request that is not what its opcode says it is.
    func malformed(_ header: RequestHeader?) -> Errno {
        onEvent(.malformedRequest(opcode: header?.opcode ?? 0))
        return .ioError
    }
}
