internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A volume of the network store as a file system: names and attributes from the metadata engine, bytes from memory and the
/// object store.
///
/// What a program has written is committed when it closes the file or calls `fsync`, and that has then happened when the
/// call returns; what a close promises beyond that is ``CloseGuarantee``. Permissions are the kernel's to check (`default_permissions`);
/// whom locks hold for is ``LockScope``.
public final class NetworkStoreFileSystem: FileSystem {
    /// The volume.
    let volume: Volume
    /// What the kernel knows of it.
    let nodes = NodeTable()
    /// How long the kernel may believe names and attributes.
    let lifetime: Lifetime
    /// What is promised to whoever closes a file.
    let closing: CloseGuarantee
    /// Whether other sessions may change the volume.
    let isShared: Bool
    /// The locks of programs; `nil` where the kernel keeps them for this mount alone.
    let locks: SharedLocks?
    /// The number of the open file that was opened last.
    let nextHandle = Atomic<UInt64>(0)
    private let connection = Mutex<Connection?>(nil)

    /// The file system of a volume.
    ///
    /// - Parameters:
    ///   - lifetime: how long the kernel may believe names and attributes: for ever where nobody else can change the
    ///     volume. Attributes of files that others may change are not believed at all: their size says how far is read.
    ///   - closing: what is promised to whoever closes a file.
    ///   - lockScope: whom locks hold for; where the engine keeps none, those of one mount exclude each other in any case.
    public init(
        _ volume: Volume,
        lifetime: Lifetime = .forever,
        closing: CloseGuarantee = .committed,
        lockScope: LockScope = .shared
    ) {
        self.volume = volume
        self.lifetime = lifetime
        self.closing = closing
        isShared = volume.engine.isShared
        let engine = lockScope == .shared ? (volume.engine as? any LockEngine) : nil
        locks = engine.map { SharedLocks($0) }
    }

    /// What the kernel may do by itself.
    public var features: FileSystemFeatures {
        let features: FileSystemFeatures = [
            .exportable, .clearsPrivileges, .kernelChecksPermissions, .cachesSymbolicLinks, .truncatesOnOpen,
            .accessControlLists, .mapsDirectIO, .idmappedMounts, .invalidatesExplicitly,
        ]
        return locks == nil ? features : features.union([.posixLocks, .fileLocks])
    }

    /// Starts to write out what nobody asks for.
    public func connected(_ connection: Connection) {
        self.connection.withLock { $0 = connection }
        volume.reader.wrongAnswers.tell { [weak self] in self?.warn($0) }
        if let locks {
            // One entry of each queue at least stays free for whoever unlocks.
            locks.limitSeats(to: connection.queueDepth - 1)
            volume.start { io in
                while await self.volume.pause(for: .seconds(1), io) { await locks.lookAgain() }
            }
        }
        if isShared { volume.engine.watch { [weak self] changes in self?.invalidate(changes) } }
        watchForLoss()
        volume.start { io in
            var seconds = 0
            var compaction = CompactionTurn(self.volume)
            var trash = TrashTurn()
            while await self.volume.pause(for: .seconds(1), io) {
                self.volume.flushExpired()
                // What closes and names have promised less for waits no longer than this.
                if self.closing == .committed { try? await self.volume.engine.synchronize() }
                await self.volume.journal?.synchronize()
                await self.volume.journal?.settle(self.volume.engine)
                await self.volume.refreshRoom()
                seconds += 1
                guard seconds % Self.collectionInterval == 0 else { continue }
                await compaction.run(self, io)
                await trash.run(self)
                await self.collectGarbage(io)
            }
        }
    }

    /// Seconds between two collections of garbage.
    private static let collectionInterval = 30
    /// Objects that one of them removes at the most, so that it does not keep the store busy.
    private static let collectionLimit = 2000

    /// Bytes of a file are elsewhere now: where it is open, it asks again.
    func noteMove(of file: NodeID) {
        nodes.file(file)?.state.withLock { $0.noteMove() }
    }

    /// Says in the log what does not go as it should.
    func warn(_ text: String) { connection.withLock { $0 }?.warn(text) }

    /// Removes objects that nobody refers to.
    private func collectGarbage(_ io: borrowing AsyncIO) async {
        do throws(VolumeFailure) {
            let collector = GarbageCollector(engine: volume.engine, store: volume.store)
            volume.counters.collectedObjects.count(try await collector.collect(limit: Self.collectionLimit, io))
        } catch {
            // Tried again the next time, by the next mount where this one ends.
            if volume.isOpen { warn("garbage was not collected: \(error)") }
        }
    }

    /// Tells the kernel what it does not notice; `nil` before there is a session.
    var notifier: Notifier? { connection.withLock { $0?.notifier } }

    /// How full the volume is, with what is written and not committed, and without what was removed; below a directory with a
    /// quota, how full that is.
    ///
    /// - Throws: `EIO`.
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        await volume.departures.wait(context.io)
        // Before the engine is asked: what is committed in between is better told twice than not at all.
        let unwritten = volume.unwrittenBytes
        let usage = try await volume.engine.usage()
        let description = volume.description
        // A bucket has no size of its own: as much as JuiceFS and others tell.
        var space = Space(
            limits: QuotaRecord.Limits(
                bytes: description.byteLimit ?? 1 << 50, nodes: description.nodeLimit ?? 1 << 32),
            bytes: usage.bytes + unwritten, nodes: usage.nodes)
        let quota = try? await volume.engine.node(node).quota
        if let quota, quota.rawValue != 0 {
            for quota in try await volume.engine.quotas(at: quota) {
                space.narrow(to: quota, claimed: volume.room.claimed(in: quota.id))
            }
        }
        return space.statistics
    }

    // MARK: Nodes

    /// What the kernel gets to know of a node that it looks up.
    func entry(_ record: NodeRecord) -> Entry {
        let attributes = attributes(record, of: nodes.addLookup(of: record.id))
        var entry = Entry(node: record.id, attributes: attributes, lifetime: lifetime)
        entry.attributesLifetime = attributesLifetime(of: attributes)
        return entry
    }

    /// A node's attributes as programs see them.
    func attributes(_ record: NodeRecord) -> AttributesReply {
        reply(attributes(record, of: nodes.file(record.id)))
    }

    /// What programs see of a node that was read, whose content may be here.
    private func attributes(_ record: NodeRecord, of file: StoredFile?) -> Attributes {
        guard let file else { return record.attributes }
        if isShared { file.state.withLock { $0.refresh(record) } }
        return file.attributes
    }

    /// Attributes, and how long they may be believed.
    func reply(_ attributes: Attributes) -> AttributesReply {
        AttributesReply(attributes, lifetime: attributesLifetime(of: attributes))
    }

    /// How long attributes may be believed. A kernel that believes a size reads no further, even in a file that was opened
    /// after another mount had written more.
    private func attributesLifetime(of attributes: Attributes) -> Lifetime {
        isShared && attributes.mode.type == .regular ? Lifetime(seconds: 0, nanoseconds: 0) : lifetime
    }

    /// The open file of a request.
    ///
    /// - Throws: `EBADF`: the kernel names only what it has opened.
    func file(_ file: OpenFile) throws(Errno) -> StoredFile {
        guard let file = nodes.file(file.node) else { throw .badFileDescriptor }
        return file
    }

    /// Who asks for a change of attributes. The groups count where set-group-ID bits may go: the kernel's file systems spare
    /// the superuser's when the owner changes. To look them up costs as much as the change.
    func caller(_ context: borrowing RequestContext, for changes: AttributeChanges) -> Caller {
        let mayLose = changes.size == nil ? changes.dropsPrivileges && context.userID != 0 : changes.killsPrivileges
        return caller(context, withGroups: mayLose)
    }

    /// Who asks, with the groups where a change may depend on them.
    func caller(_ context: borrowing RequestContext, withGroups: Bool = false) -> Caller {
        Caller(
            userID: context.userID, groupID: context.groupID,
            groups: withGroups ? CallerGroups.groups(ofThread: context.processID) : [])
    }

    /// A node may have lost its last name.
    func settle(_ record: NodeRecord) {
        // What is in the trash stays, whoever knows it.
        guard record.attributes.linkCount == 0, !record.isInTrash else { return }
        if let journal = volume.journal, let file = nodes.file(record.id), file.isInJournal {
            journal.noteRemoval(of: record.id)
        }
        let (isGone, isOpen) = nodes.unlink(record.id)
        if isGone { return dispose(of: record.id) }
        if !isOpen { volume.departures.expect(record.id) }
    }

    /// A node that has no name, and that the kernel does not know any more, goes.
    func dispose(of node: NodeID) {
        volume.departures.expect(node)
        volume.start { _ in
            // If it fails it goes when the session is over.
            try? await self.volume.engine.dispose(of: node)
            self.volume.departures.end(node)
        }
    }
}
