internal import CRingFUSE
internal import Glibc
public import RingFUSE
public import SystemPackage

// What is answered without a task: what the source has in memory. Figures: `docs/decisions/0027-mirror-reads.md`.

extension MirrorFileSystem {
    /// Reads what the source has in its page cache, straight into the reply.
    public func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        let (descriptor, traits) = try files.found(file.handle)
        // An offset that Linux does not have is refused by the asynchronous read.
        guard !traits.contains(.readsWait), offset <= UInt64(Int64.max) else { return .deferred }
        let failure = unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            guard let start = bytes.baseAddress else { return 0 }
            var filled = initialized
            // A read that stops short is at the end of the file, or of what is in memory: only another one tells.
            while filled < bytes.count {
                let position = offset &+ UInt64(filled - initialized)
                let count =
                    unsafe traits.contains(.isResident)
                    ? rfuse_read(descriptor, start + filled, bytes.count - filled, position)
                    : rfuse_try_read(descriptor, start + filled, bytes.count - filled, position)
                if count < 0 { return count }
                if count == 0 { break }
                filled += count
            }
            initialized = filled
            return 0
        }
        guard failure < 0 else { return .answered(()) }
        // Other errors too are deferred: the asynchronous read meets them again, if they are any.
        guard failure == -Int(EOPNOTSUPP), !traits.contains(.isResident) else { return .deferred }
        learn(of: file, descriptor, unless: .readsWait)
        return try readImmediately(file, at: offset, into: &buffer, context)
    }

    /// Writes to the source's page cache where that takes no waiting, or so little that it hardly counts.
    public func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        let (descriptor, traits) = try files.found(file.handle)
        guard !traits.contains(.writesWait), offset <= UInt64(Int64.max), try !needsPreparation(file, options)
        else { return .deferred }
        let isFromCache = options.contains(.fromCache)
        let payer = payer(of: file, traits, bytes: UInt64(data.byteCount), isFromCache: isFromCache, context)
        let result = try caller.fill(as: payer) { () throws(Errno) in
            tryWrite(data, to: descriptor, at: offset, traits)
        }
        guard let result else { return .deferred }
        if result == data.byteCount { return .answered(result) }
        if result == -Int(EOPNOTSUPP), traits.isDisjoint(with: [.isResident, .writesMayWait]) {
            learn(of: file, descriptor, unless: .writesMayWait)
            return try writeImmediately(file, at: offset, from: data, options, context)
        }
        // What is written twice at one place does no harm; but not at the end of the file.
        return result > 0 && traits.contains(.appends) ? .answered(result) : .deferred
    }

    /// Writes what takes no waiting, or hardly any.
    ///
    /// - Returns: the number of bytes written, or -errno; nil where it was not tried.
    private func tryWrite(
        _ data: RawSpan,
        to descriptor: CInt,
        at offset: UInt64,
        _ traits: MirrorOpenFiles.Traits
    ) -> Int? {
        unsafe data.withUnsafeBytes { bytes -> Int? in
            if traits.contains(.isResident) {
                return unsafe rfuse_write(descriptor, bytes.baseAddress, bytes.count, offset)
            }
            guard traits.contains(.writesMayWait) else {
                return unsafe rfuse_try_write(descriptor, bytes.baseAddress, bytes.count, offset)
            }
            guard bytes.count <= Self.longestImpatientWrite else { return nil }
            return patience.attempt { unsafe rfuse_write(descriptor, bytes.baseAddress, bytes.count, offset) }
        }
    }

    /// Bytes of a write that a worker does itself on a file system that may wait.
    private static var longestImpatientWrite: Int { 128 << 10 }

    /// Notes what follows from a file's not knowing `RWF_NOWAIT`.
    ///
    /// Of the source's own file system it was found out before there were requests; of others mounted inside, nobody is
    /// asked: `fstatfs` is a request to a server in user space, which may be this very worker.
    private func learn(of file: OpenFile, _ descriptor: CInt, unless trait: MirrorOpenFiles.Traits) {
        guard let node = try? nodes.node(file.node), node.identity.device == nodes.root.identity.device
        else { return files.learn(.waits, of: descriptor) }
        switch sourceKind {
        case .memory: files.learn(.isResident, of: descriptor)
        case .remote: files.learn(.waits, of: descriptor)
        case .local: files.learn(trait, of: descriptor)
        }
    }

    /// What `stat` tells.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        .answered(try attributes(of: node, handle, context))
    }

    /// Finds a name.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        .answered(try lookUp(name, in: directory, context))
    }

    /// Removes a name that is no directory.
    public func removeFileImmediately(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .answered(try removeFile(named: name, in: directory, context))
    }

    /// Renames.
    public func renameImmediately(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .answered(try rename(name, in: directory, to: newName, in: newDirectory, flags, context))
    }

    /// Opens a file.
    public func openImmediately(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<OpenReply> {
        .answered(try open(node, flags, context))
    }

    /// Makes a file and opens it.
    public func createImmediately(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<CreateReply> {
        .answered(try create(named: name, in: directory, node, flags, context))
    }
}
