/// The statements that are prepared once for each connection, by what they do.
enum SQL: Int, CaseIterable {
    // Transactions and the state of the volume
    case begin, commit, rollback, state, storeState
    // Nodes
    case node, insertNode, updateNode, updateAccessTime, deleteNode, parent, target, linkable
    case insertUnlinked, deleteUnlinked
    // Names
    case lookUp, child, names, anyName, insertName, replaceName, deleteName
    // The trash
    case trash, trashEntry, trashUsage, place
    // What journals are told
    case tags
    // Quotas
    case quota, innerQuotas, allQuotas, members, insertQuota, updateQuota, deleteQuota
    // Extended attributes
    case attribute, attributeNames, attributeSize, setAttribute, deleteAttribute, deleteAttributes
    // Content
    case extents, scanExtents, insertExtent, deleteExtent, deleteExtents
    case object, objectsAfter, objectUse, insertObject, useObject, garbage, deleteObject
    case insertPending, deletePending

    /// What a node's row holds, in the order in which ``NodeRow`` reads and writes it.
    static let nodeColumns = """
        n.id, n.mode, n.uid, n.gid, n.links, n.size, n.allocated, n.device, n.flags, n.marks, n.version, n.parent, \
        n.next_cookie, n.atime, n.atime_ns, n.mtime, n.mtime_ns, n.ctime, n.ctime_ns, n.btime, n.btime_ns, n.quota
        """
    /// How many there are.
    static let nodeColumnCount: Int32 = 22

    /// The text of the statement.
    var text: String {
        switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .state: "SELECT epoch, next_node, next_object, nodes, bytes, garbage_bytes FROM state"
        case .storeState:
            "UPDATE state SET epoch = ?1, next_node = ?2, next_object = ?3, nodes = ?4, bytes = ?5, garbage_bytes = ?6"
        case .node, .insertNode, .updateNode, .updateAccessTime, .deleteNode, .parent, .target, .linkable,
            .insertUnlinked, .deleteUnlinked:
            nodeText
        case .lookUp, .child, .names, .anyName, .insertName, .replaceName, .deleteName: nameText
        case .trash, .trashEntry, .trashUsage, .place: trashText
        case .tags: Self.tagsText
        case .quota, .innerQuotas, .allQuotas, .members, .insertQuota, .updateQuota, .deleteQuota: quotaText
        case .attribute, .attributeNames, .attributeSize, .setAttribute, .deleteAttribute, .deleteAttributes:
            attributeText
        default: contentText
        }
    }

    /// Statements about nodes.
    private var nodeText: String {
        switch self {
        case .node: "SELECT \(Self.nodeColumns) FROM nodes n WHERE n.id = ?1"
        case .insertNode:
            """
            INSERT INTO nodes (id, mode, uid, gid, links, size, allocated, device, flags, marks, version, parent,
                next_cookie, atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, btime, btime_ns, quota, target)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                ?23)
            """
        case .updateNode:
            """
            UPDATE nodes SET mode = ?2, uid = ?3, gid = ?4, links = ?5, size = ?6, allocated = ?7, device = ?8,
                flags = ?9, marks = ?10, version = ?11, parent = ?12, next_cookie = ?13, atime = ?14, atime_ns = ?15,
                mtime = ?16, mtime_ns = ?17, ctime = ?18, ctime_ns = ?19, btime = ?20, btime_ns = ?21,
                quota = ?22
            WHERE id = ?1
            """
        case .updateAccessTime: "UPDATE nodes SET atime = ?2, atime_ns = ?3 WHERE id = ?1"
        case .deleteNode: "DELETE FROM nodes WHERE id = ?1"
        case .parent: "SELECT parent FROM nodes WHERE id = ?1"
        case .target: "SELECT target FROM nodes WHERE id = ?1"
        case .linkable: "SELECT linkable FROM unlinked WHERE node = ?1"
        case .insertUnlinked: "INSERT INTO unlinked (node, session, linkable) VALUES (?1, ?2, ?3)"
        case .deleteUnlinked: "DELETE FROM unlinked WHERE node = ?1"
        default: preconditionFailure("not about nodes")
        }
    }

    /// Statements about names.
    private var nameText: String {
        switch self {
        case .lookUp:
            "SELECT \(Self.nodeColumns) FROM names m JOIN nodes n ON n.id = m.node WHERE m.dir = ?1 AND m.name = ?2"
        case .child: "SELECT node FROM names WHERE dir = ?1 AND name = ?2"
        case .names:
            // The index has all that is asked of a name, in this order.
            """
            SELECT \(Self.nodeColumns), m.name, m.cookie
            FROM names m INDEXED BY names_by_cookie JOIN nodes n ON n.id = m.node
            WHERE m.dir = ?1 AND m.cookie > ?2 ORDER BY m.cookie LIMIT ?3
            """
        case .anyName: "SELECT 1 FROM names WHERE dir = ?1 LIMIT 1"
        case .insertName: "INSERT INTO names (dir, name, cookie, node) VALUES (?1, ?2, ?3, ?4)"
        case .replaceName: "UPDATE names SET node = ?3 WHERE dir = ?1 AND name = ?2"
        case .deleteName: "DELETE FROM names WHERE dir = ?1 AND name = ?2"
        default: preconditionFailure("not about names")
        }
    }

    /// Statements about quotas.
    private var quotaText: String {
        switch self {
        case .quota: "SELECT \(QuotaRecord.columns) FROM quotas WHERE directory = ?1"
        // What an index of some rows only is used for has to be said in its words.
        case .innerQuotas:
            "SELECT \(QuotaRecord.columns) FROM quotas WHERE outer_quota = ?1 AND outer_quota <> 0"
        case .allQuotas: "SELECT \(QuotaRecord.columns) FROM quotas ORDER BY directory"
        case .members: "SELECT id FROM nodes WHERE quota = ?1 AND quota <> 0 LIMIT ?2"
        case .insertQuota: "INSERT INTO quotas (\(QuotaRecord.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        case .updateQuota:
            """
            UPDATE quotas SET outer_quota = ?2, byte_limit = ?3, node_limit = ?4, bytes = ?5, nodes = ?6, complete = ?7
            WHERE directory = ?1
            """
        case .deleteQuota: "DELETE FROM quotas WHERE directory = ?1"
        default: preconditionFailure("not about quotas")
        }
    }

    /// Statements about extended attributes.
    private var attributeText: String {
        switch self {
        case .attribute: "SELECT value FROM attributes WHERE node = ?1 AND name = ?2"
        case .attributeNames: "SELECT name FROM attributes WHERE node = ?1"
        case .attributeSize: "SELECT coalesce(sum(length(name) + 1), 0) FROM attributes WHERE node = ?1"
        case .setAttribute: "INSERT OR REPLACE INTO attributes (node, name, value) VALUES (?1, ?2, ?3)"
        case .deleteAttribute: "DELETE FROM attributes WHERE node = ?1 AND name = ?2"
        case .deleteAttributes: "DELETE FROM attributes WHERE node = ?1"
        default: preconditionFailure("not about extended attributes")
        }
    }

    /// Statements about content.
    private var contentText: String {
        switch self {
        case .extents:
            // From the last one that begins before the range on: it may reach into it.
            """
            SELECT offset, length, object, object_offset, data FROM extents
            WHERE node = ?1 AND offset < ?3 AND offset >= coalesce(
                (SELECT max(e.offset) FROM extents e WHERE e.node = ?1 AND e.offset <= ?2), ?2)
            ORDER BY offset
            """
        case .scanExtents:
            """
            SELECT e.offset, e.length, e.object, e.object_offset, CASE WHEN n.ctime < ?4 THEN e.data END,
                e.data IS NOT NULL AND n.ctime >= ?4, e.node, n.version, o.length, o.live
            FROM extents e JOIN nodes n ON n.id = e.node LEFT JOIN objects o ON o.number = e.object
            WHERE (e.node, e.offset) > (?1, ?2) ORDER BY e.node, e.offset LIMIT ?3
            """
        case .insertExtent:
            """
            INSERT INTO extents (node, offset, length, object, object_offset, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """
        case .deleteExtent: "DELETE FROM extents WHERE node = ?1 AND offset = ?2"
        case .deleteExtents: "DELETE FROM extents WHERE node = ?1"
        case .object: "SELECT length, layout FROM objects WHERE number = ?1 AND extents > 0"
        case .objectsAfter:
            "SELECT number, length, layout FROM objects WHERE number > ?1 AND extents > 0 ORDER BY number LIMIT ?2"
        case .objectUse: "SELECT length, extents FROM objects WHERE number = ?1"
        case .insertObject:
            "INSERT INTO objects (number, length, layout, extents, live, freed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        case .useObject:
            "UPDATE objects SET extents = extents + ?2, live = live + ?3, freed = ?4 WHERE number = ?1"
        case .garbage: "SELECT number FROM objects WHERE extents = 0 ORDER BY number LIMIT ?1"
        case .deleteObject: "DELETE FROM objects WHERE number = ?1 AND extents = 0"
        case .insertPending: "INSERT INTO pending (number, session) VALUES (?1, ?2)"
        case .deletePending: "DELETE FROM pending WHERE number = ?1 AND session = ?2"
        default: preconditionFailure("not about content")
        }
    }
}
