internal import RingFUSE
internal import SystemPackage

/// The rows of a volume in PostgreSQL that a group of operations works on, in memory: read together before, or when they turn out to
/// be needed; changed here; and written together at the end.
///
/// Belongs to the writer's thread, and to one transaction of the database at a time, in which each row here that others may change is
/// locked. What an operation that fails has changed is taken back by ``undo()``, without asking the server.
final class RowCache: RowStore {
    /// A row: as the database has it, and as it is to be.
    struct Slot<Value> {
        /// Whether the database has the row.
        let isStored: Bool
        /// The row; `nil` where there is none, or none any more.
        var value: Value?
        /// Whether it has to be written.
        var isDirty = false

        /// The same with another value.
        func changed(to value: Value?) -> Self { Self(isStored: isStored, value: value, isDirty: true) }
    }

    /// A node and where it leads to, which is never read here.
    struct CachedNode {
        /// The node.
        var row: NodeRow
        /// Of a symbolic link that is new.
        var target: StoredName?
    }

    /// A name's row.
    struct CachedName {
        /// Its place in the listing.
        var cookie: UInt64
        /// The node that it leads to.
        var node: NodeID
    }

    /// The note of a node without a name.
    struct CachedNote {
        /// Whose it is.
        var session: Int64
        /// Whether it may get a name.
        var isLinkable: Bool
    }

    /// An object's row.
    struct CachedObject {
        /// Bytes of content.
        var length: UInt64
        /// Extents that refer to it.
        var extents: Int
        /// Bytes that they have.
        var live: Int64
        /// Since when there is none.
        var freed: Int64
        /// Of an object that is new.
        var layout: ContiguousArray<UInt8>?
    }

    /// What was there before a change.
    enum Former {
        case node(NodeID, Slot<CachedNode>?)
        case name(NamePlace, Slot<CachedName>?)
        case unlinked(NodeID, Slot<CachedNote>?)
        case attributes(NodeID, CachedAttributes?)
        case extents(NodeID, CachedExtents?)
        case object(ObjectNumber, Slot<CachedObject>?)
        case pending(ObjectNumber, Slot<Int64>?)
        case quota(NodeID, Slot<QuotaRecord>?)
        case locks(NodeID, CachedLocks?)
    }

    /// What small content is encrypted with.
    let cipher: InlineCipher
    /// The connection; another one after it broke.
    var connection: PostgreSQLConnection
    /// Sessions that end with this transaction.
    var endedSessions: [Int64] = []
    /// Whether the transaction has to be on the disk when it is over, whatever its operations want.
    var mustBeDurable = false
    /// Why the transaction cannot go on: the operation that met it got `EIO`, and all are done again or told so.
    var failure: PostgreSQLFailure?

    var nodes: [NodeID: Slot<CachedNode>] = [:]
    var names: [NamePlace: Slot<CachedName>] = [:]
    var unlinked: [NodeID: Slot<CachedNote>] = [:]
    var attributes: [NodeID: CachedAttributes] = [:]
    var extents: [NodeID: CachedExtents] = [:]
    var objects: [ObjectNumber: Slot<CachedObject>] = [:]
    var pending: [ObjectNumber: Slot<Int64>] = [:]
    var quotas: [NodeID: Slot<QuotaRecord>] = [:]
    var locks: [NodeID: CachedLocks] = [:]
    /// Who waits for whom, as the database has it; `nil` before anybody asked.
    var lockEdges: [LockEdge]?
    /// Files with locks of sessions that end, which others wait for.
    var freedLocks: [NodeID] = []
    /// The directories that directories are in, as the database has them, once nobody else may move any.
    var parents: [NodeID: NodeID]?
    /// The last numbers that this session may give out, and of which it has the row's word on the disk.
    var numbers = NumberRanges()
    /// What the operation at hand has changed, the latest last.
    private(set) var formers: [Former] = []
    /// The files whose extents are among that: once for each operation is enough.
    private var notedFiles: Set<NodeID> = []

    /// An empty cache.
    init(_ connection: PostgreSQLConnection, _ cipher: InlineCipher) {
        self.connection = connection
        self.cipher = cipher
    }

    // MARK: Operations

    /// An operation begins: what those before it have done stays.
    func mark() {
        formers.removeAll(keepingCapacity: true)
        notedFiles.removeAll(keepingCapacity: true)
    }

    /// Takes back what the operation has changed.
    func undo() {
        while let former = formers.popLast() {
            switch former {
            case .node(let id, let slot): nodes[id] = slot
            case .name(let place, let slot): names[place] = slot
            case .unlinked(let id, let slot): unlinked[id] = slot
            case .attributes(let id, let set): attributes[id] = set
            case .extents(let id, let map): extents[id] = map
            case .object(let number, let slot): objects[number] = slot
            case .pending(let number, let slot): pending[number] = slot
            case .quota(let id, let slot): quotas[id] = slot
            case .locks(let id, let set): locks[id] = set
            }
        }
    }

    /// Notes what was there before a change.
    func note(_ former: Former) { formers.append(former) }

    /// Notes the extents of a file before its first change by an operation.
    func noteExtents(of file: NodeID) {
        if notedFiles.insert(file).inserted { note(.extents(file, extents[file])) }
    }

    /// Forgets all rows: the transaction is over.
    func clear() {
        mark()
        nodes.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        unlinked.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        extents.removeAll(keepingCapacity: true)
        objects.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
        quotas.removeAll(keepingCapacity: true)
        locks.removeAll(keepingCapacity: true)
        lockEdges = nil
        freedLocks = []
        parents = nil
        failure = nil
        mustBeDurable = false
        endedSessions = []
    }

    /// Asks the server within an operation.
    ///
    /// - Throws: `EIO`; ``failure`` says why, and that nothing more can be done in this transaction.
    func ask<Result>(_ body: () throws(PostgreSQLFailure) -> Result) throws(Errno) -> Result {
        guard failure == nil else { throw .ioError }
        do throws(PostgreSQLFailure) {
            return try body()
        } catch {
            failure = error
            throw .ioError
        }
    }
}

/// Numbers that a session has taken for nodes and objects, and not given out yet.
struct NumberRanges: Equatable, Sendable {
    /// For nodes.
    var nodes: Range<UInt64> = 0..<0
    /// For objects.
    var objects: Range<UInt64> = 0..<0
}
