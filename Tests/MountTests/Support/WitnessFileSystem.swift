import RingFUSE
import Synchronization
import SystemPackage

/// A file system that notes what is asked of another, and may promise more than that does.
///
/// It keeps the extended attributes of POSIX ACLs itself, which a file system without ACLs refuses.
final class WitnessFileSystem<Base: FileSystem>: FileSystem {
    /// What was seen.
    struct Record {
        /// How often each operation was asked for.
        var counts: [String: Int] = [:]
        /// Flags of OPEN and of CREATE.
        var opens: [OpenFlags] = []
        /// What was made, by its name.
        var made: [String: Made] = [:]
        /// Options of WRITE.
        var writes: [WriteOptions] = []
        /// The greatest number of WRITEs at a time.
        var mostWrites = 0
        /// Changes of attributes.
        var changes: [AttributeChanges] = []
        /// Whether each SETXATTR of an ACL clears set-group-ID.
        var clearsSetGroupID: [Bool] = []
        /// What was agreed on.
        var connection: Connection?

        fileprivate var writing = 0
        fileprivate var accessLists: [AccessList: [UInt8]] = [:]

        /// How often an operation was asked for.
        func count(_ name: String) -> Int { counts[name, default: 0] }
    }

    /// Something that was made.
    struct Made {
        /// Its mode as asked for.
        var mode: UInt32
        /// The caller's umask.
        var umask: UInt32
        /// The caller.
        var userID: UInt32
        /// The caller's group.
        var groupID: UInt32
        /// The caller's group that owns the directory.
        var supplementaryGroup: UInt32?
        /// Whether a security module wants a label on it.
        var hasSecurityContext: Bool
    }

    fileprivate struct AccessList: Hashable {
        var node: NodeID
        var name: String
    }

    let base: Base
    let features: FileSystemFeatures
    /// What is said of every file that is opened, beside what the other says.
    let fileOptions: OpenReply.Options
    /// What is said of every directory that is opened.
    let directoryOptions: OpenReply.Options
    /// How long a WRITE takes at least.
    let writeTime: Duration
    private let state = Mutex(Record())

    /// What was seen so far.
    var record: Record { state.withLock { $0 } }

    /// A witness.
    ///
    /// - Parameters:
    ///   - adding: features to promise.
    ///   - removing: features not to promise.
    init(
        _ base: Base,
        adding: FileSystemFeatures = [],
        removing: FileSystemFeatures = [],
        fileOptions: OpenReply.Options = [],
        directoryOptions: OpenReply.Options = [],
        writeTime: Duration = .zero
    ) {
        self.base = base
        features = base.features.union(adding).subtracting(removing)
        self.fileOptions = fileOptions
        self.directoryOptions = directoryOptions
        self.writeTime = writeTime
    }

    func connected(_ connection: Connection) {
        state.withLock { $0.connection = connection }
        base.connected(connection)
    }

    func disconnected() async { await base.disconnected() }

    func forget(_ node: NodeID, lookups: UInt64) { base.forget(node, lookups: lookups) }

    // MARK: Notes

    func note(_ name: String) { state.withLock { $0.counts[name, default: 0] += 1 } }

    func note(_ name: String, _ flags: OpenFlags) {
        state.withLock { record in
            record.counts[name, default: 0] += 1
            record.opens.append(flags)
        }
    }

    func note(_ changes: AttributeChanges) {
        state.withLock { record in
            record.counts["setAttributes", default: 0] += 1
            record.changes.append(changes)
        }
    }

    func note(making name: Name, _ node: NewNode?, _ context: borrowing RequestContext) {
        let made = Made(
            mode: node?.mode.rawValue ?? 0, umask: node?.umask ?? 0, userID: context.userID, groupID: context.groupID,
            supplementaryGroup: context.supplementaryGroup, hasSecurityContext: context.securityContext != nil)
        let name = String(name)
        state.withLock { $0.made[name] = made }
    }

    func beginWrite(_ options: WriteOptions) {
        state.withLock { record in
            record.counts["write", default: 0] += 1
            record.writes.append(options)
            record.writing += 1
            record.mostWrites = max(record.mostWrites, record.writing)
        }
    }

    func endWrite() { state.withLock { $0.writing -= 1 } }

    // MARK: ACLs

    /// The name of an ACL's attribute; `nil` for other attributes.
    static func accessListName(_ name: Name) -> String? {
        let text = String(name)
        return text.hasPrefix("system.posix_acl_") ? text : nil
    }

    func accessList(_ name: String, of node: NodeID) throws(Errno) -> [UInt8] {
        guard let value = state.withLock({ $0.accessLists[AccessList(node: node, name: name)] }) else {
            throw .noData
        }
        return value
    }

    func setAccessList(_ name: String, of node: NodeID, to value: [UInt8]?, clearsSetGroupID: Bool = false) {
        state.withLock { record in
            record.accessLists[AccessList(node: node, name: name)] = value
            if value != nil { record.clearsSetGroupID.append(clearsSetGroupID) }
        }
    }
}
