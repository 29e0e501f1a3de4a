/// The statements that are prepared for each connection, by what they do. Parameters are numbers (`bigint`), bytes (`bytea`) and
/// arrays of these; times are two numbers.
enum PostgreSQLStatement: Int, CaseIterable {
    // Sessions, on the connection that writes
    case insertSession, lockSession, storeSession, expiredSessions, lockExpired, takeNumbers, lockTree, notify
    case sessionUnlinked, sessionPending, freePending, foldSession, deleteSession
    // Locks of programs
    case locks, lockWaits, lockGraph, deleteLocks, insertLocks, setLockWait, deleteLockWaits
    case sessionLocks, endLocks, endLockWaits
    // Rows that are to be changed: locked
    case lockNodes, lockNames, lockChildren, ancestors, lockUnlinked, lockPending, anyNames
    case lockAttributes, lockExtents, lockObjects, lockQuotas, lockInnerQuotas, members
    // What is changed
    case insertNode, updateNode, deleteNode, insertUnlinked, deleteUnlinked
    case insertName, updateName, deleteName, setAttribute, deleteAttribute
    case insertExtent, updateExtent, deleteExtent
    case insertObject, updateObject, deleteObject, insertPending, deletePending, insertQuota, updateQuota, deleteQuota
    // What is read
    case node, lookUp, parent, target, names, attribute, attributeNames, extents
    case object, objectsAfter, garbage, usage, quotas, allQuotas, scanExtents, lockConflict
    case trash, trashEntry, trashUsage, place
    case tags, session

    /// Those of the connection that writes.
    static var writing: [Self] { allCases.filter { $0.rawValue < Self.node.rawValue } }
    /// Those of connections that read.
    static var reading: [Self] { allCases.filter { $0.rawValue >= Self.node.rawValue } }

    /// What it is prepared as.
    var name: String { "s\(rawValue)" }

    /// The text of the statement.
    var text: String {
        switch self {
        case .insertSession, .lockSession, .storeSession, .expiredSessions, .lockExpired, .takeNumbers, .lockTree,
            .notify, .sessionUnlinked, .sessionPending, .freePending, .foldSession, .deleteSession:
            sessionText
        case .lockQuotas, .lockInnerQuotas, .members, .insertQuota, .updateQuota, .deleteQuota, .quotas, .allQuotas:
            quotaText
        case .locks, .lockWaits, .lockGraph, .deleteLocks, .insertLocks, .setLockWait, .deleteLockWaits, .sessionLocks,
            .endLocks, .endLockWaits, .lockConflict:
            locksText
        case .trash, .trashEntry, .trashUsage, .place: trashText
        case .tags, .session: journalText
        case .lockNodes, .lockNames, .lockChildren, .ancestors, .lockUnlinked, .lockPending, .anyNames, .lockAttributes,
            .lockExtents, .lockObjects:
            lockText
        case .node, .lookUp, .parent, .target, .names, .attribute, .attributeNames, .extents, .object, .objectsAfter,
            .garbage, .usage, .scanExtents:
            readText
        default: changeText
        }
    }

    /// Statements about sessions.
    private var sessionText: String {
        switch self {
        case .insertSession:
            """
            INSERT INTO sessions VALUES ($1::bigint, convert_from($2::bytea, 'UTF8'), convert_from($3::bytea, 'UTF8'),
                convert_from($4::bytea, 'UTF8'), $5::bigint, $6::bigint, clock_timestamp(), $7::bigint,
                clock_timestamp() + $7::bigint * interval '1 ms', 0, 0, 0, 0)
            """
        // Whoever wants to take the session over waits for this transaction, or has deleted the row.
        case .lockSession:
            """
            SELECT s.commits, (SELECT count(*) FROM sessions) FROM sessions s WHERE s.epoch = $1::bigint
            FOR NO KEY UPDATE
            """
        case .storeSession:
            """
            UPDATE sessions SET commits = $2::bigint, nodes = nodes + $3::bigint, bytes = bytes + $4::bigint,
                garbage_bytes = garbage_bytes + $5::bigint, deadline = clock_timestamp() + lease * interval '1 ms'
            WHERE epoch = $1::bigint
            """
        // A server that was away has kept its clients from saying that they live.
        case .expiredSessions:
            """
            SELECT epoch FROM sessions WHERE greatest(deadline, pg_postmaster_start_time() + lease * interval '1 ms')
                < clock_timestamp() AND epoch <> $1::bigint
            """
        case .lockExpired:
            """
            SELECT epoch FROM sessions WHERE epoch = $1::bigint AND deadline < clock_timestamp() FOR UPDATE SKIP LOCKED
            """
        case .takeNumbers:
            """
            UPDATE counters SET next_node = next_node + $1::bigint, next_object = next_object + $2::bigint
            RETURNING next_node, next_object
            """
        case .lockTree: "SELECT id FROM volume FOR UPDATE"
        // A channel's name is an identifier, and those of schemas may be as long as that already.
        case .notify:
            "SELECT pg_notify('ringfuse_' || 'volume'::regclass::oid, convert_from($1::bytea, 'UTF8'))"
        case .sessionUnlinked: "SELECT node FROM unlinked WHERE session = $1::bigint ORDER BY node"
        case .sessionPending: "DELETE FROM pending WHERE session = $1::bigint"
        case .freePending:
            """
            INSERT INTO objects (number, length, layout, extents, live, freed)
            SELECT number, 0, '', 0, 0, $2::bigint FROM pending WHERE session = $1::bigint
            """
        case .foldSession:
            """
            UPDATE counters c SET nodes = c.nodes + s.nodes, bytes = c.bytes + s.bytes,
                garbage_bytes = c.garbage_bytes + s.garbage_bytes
            FROM sessions s WHERE s.epoch = $1::bigint
            """
        case .deleteSession: "DELETE FROM sessions WHERE epoch = $1::bigint"
        default: preconditionFailure("not about sessions")
        }
    }

    /// Statements that read what is to be changed. Rows that others may change are locked, in the order of their numbers, so
    /// that two mounts do not wait for each other. A name belongs to whoever has its directory's row, and so do extents,
    /// attributes and the note of a missing name with their node's.
    private var lockText: String {
        switch self {
        case .lockNodes:
            "SELECT \(SQL.nodeColumns) FROM nodes n WHERE n.id = ANY($1::bigint[]) ORDER BY n.id FOR UPDATE"
        case .lockNames:
            """
            SELECT m.dir, m.name, m.cookie, m.node FROM unnest($1::bigint[], $2::bytea[]) k (dir, name)
            JOIN names m ON m.dir = k.dir AND m.name = k.name
            """
        case .lockChildren:
            """
            SELECT \(SQL.nodeColumns) FROM nodes n WHERE n.id = ANY(ARRAY(
                SELECT m.node FROM unnest($1::bigint[], $2::bytea[]) k (dir, name)
                JOIN names m ON m.dir = k.dir AND m.name = k.name))
            ORDER BY n.id FOR UPDATE
            """
        case .ancestors:
            """
            WITH RECURSIVE up (id, parent) AS (
                SELECT n.id, n.parent FROM nodes n WHERE n.id = $1::bigint
                UNION SELECT n.id, n.parent FROM up JOIN nodes n ON n.id = up.parent)
            SELECT id, parent FROM up
            """
        case .lockUnlinked: "SELECT node, session, linkable FROM unlinked WHERE node = ANY($1::bigint[])"
        case .lockPending:
            "SELECT number, session FROM pending WHERE number = ANY($1::bigint[])"
        case .anyNames: "SELECT name FROM names WHERE dir = $1::bigint LIMIT $2::bigint"
        case .lockAttributes: "SELECT name, value FROM attributes WHERE node = $1::bigint"
        // From the last one that begins before the range on: it may reach into it.
        case .lockExtents:
            """
            SELECT "offset", length, object, object_offset, data FROM extents
            WHERE node = $1::bigint AND "offset" < $3::bigint AND "offset" >= coalesce(
                (SELECT max(e."offset") FROM extents e WHERE e.node = $1::bigint AND e."offset" <= $2::bigint), $2::bigint)
            ORDER BY "offset"
            """
        // Numbers that are known, and those of the extents of ranges of files, all in one statement: several would each have an order of
        // their own, and two transactions with files in the same objects could wait for each other.
        case .lockObjects:
            """
            SELECT number, length, extents, live, freed FROM objects WHERE number = ANY($1::bigint[] || ARRAY(
                SELECT e.object FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) k (node, low, high)
                CROSS JOIN LATERAL (SELECT x.object FROM extents x WHERE x.object <> 0 AND x.node = k.node
                    AND x."offset" < k.high AND x."offset" + x.length > k.low AND x."offset" >= coalesce(
                        (SELECT max(b."offset") FROM extents b WHERE b.node = k.node AND b."offset" <= k.low), k.low)) e))
            ORDER BY number FOR UPDATE
            """
        default: preconditionFailure("not about what is to be changed")
        }
    }

    /// Statements that change rows.
    private var changeText: String {
        switch self {
        case .insertNode:
            """
            INSERT INTO nodes (\(SQL.nodeColumns.replacing("n.", with: "")), target)
            VALUES (\((1...22).map { "$\($0)::bigint" }.joined(separator: ", ")), $23::bytea)
            """
        case .updateNode:
            """
            UPDATE nodes SET mode = $2::bigint, uid = $3::bigint, gid = $4::bigint, links = $5::bigint,
                size = $6::bigint, allocated = $7::bigint, device = $8::bigint, flags = $9::bigint,
                marks = $10::bigint, version = $11::bigint, parent = $12::bigint, next_cookie = $13::bigint,
                atime = $14::bigint, atime_ns = $15::bigint, mtime = $16::bigint, mtime_ns = $17::bigint,
                ctime = $18::bigint, ctime_ns = $19::bigint, btime = $20::bigint, btime_ns = $21::bigint,
                quota = $22::bigint
            WHERE id = $1::bigint
            """
        case .deleteNode: "DELETE FROM nodes WHERE id = ANY($1::bigint[])"
        case .insertUnlinked: "INSERT INTO unlinked VALUES ($1::bigint, $2::bigint, $3::bigint)"
        case .deleteUnlinked: "DELETE FROM unlinked WHERE node = ANY($1::bigint[])"
        case .insertName: "INSERT INTO names VALUES ($1::bigint, $2::bytea, $3::bigint, $4::bigint)"
        case .updateName:
            "UPDATE names SET cookie = $3::bigint, node = $4::bigint WHERE dir = $1::bigint AND name = $2::bytea"
        case .deleteName: "DELETE FROM names WHERE dir = $1::bigint AND name = $2::bytea"
        case .setAttribute:
            """
            INSERT INTO attributes VALUES ($1::bigint, $2::bytea, $3::bytea)
            ON CONFLICT (node, name) DO UPDATE SET value = excluded.value
            """
        case .deleteAttribute: "DELETE FROM attributes WHERE node = $1::bigint AND name = $2::bytea"
        case .insertExtent:
            "INSERT INTO extents VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bytea)"
        case .updateExtent:
            """
            UPDATE extents SET length = $3::bigint, object = $4::bigint, object_offset = $5::bigint, data = $6::bytea
            WHERE node = $1::bigint AND "offset" = $2::bigint
            """
        case .deleteExtent: "DELETE FROM extents WHERE node = $1::bigint AND \"offset\" = ANY($2::bigint[])"
        case .insertObject:
            """
            INSERT INTO objects (number, length, extents, live, freed, layout)
            VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bytea)
            """
        case .updateObject:
            """
            UPDATE objects SET length = $2::bigint, extents = $3::bigint, live = $4::bigint, freed = $5::bigint
            WHERE number = $1::bigint
            """
        case .deleteObject: "DELETE FROM objects WHERE number = ANY($1::bigint[])"
        case .insertPending: "INSERT INTO pending SELECT unnest($1::bigint[]), $2::bigint"
        case .deletePending: "DELETE FROM pending WHERE number = ANY($1::bigint[])"
        default: preconditionFailure("not about changes")
        }
    }

    /// Statements that only read: each is one state of the database.
    private var readText: String {
        switch self {
        case .node: "SELECT \(SQL.nodeColumns) FROM nodes n WHERE n.id = $1::bigint"
        // The directory's mode comes in any case: whether there is no such name, or no such directory, is one question.
        case .lookUp:
            """
            SELECT \(SQL.nodeColumns), d.mode FROM nodes d LEFT JOIN names m ON m.dir = d.id AND m.name = $2::bytea
            LEFT JOIN nodes n ON n.id = m.node WHERE d.id = $1::bigint
            """
        case .parent:
            """
            SELECT \(SQL.nodeColumns), d.mode, d.parent FROM nodes d LEFT JOIN nodes n ON n.id = d.parent
            WHERE d.id = $1::bigint
            """
        case .target: "SELECT target FROM nodes WHERE id = $1::bigint"
        case .names:
            """
            SELECT \(SQL.nodeColumns), m.name, m.cookie, d.mode FROM nodes d
            LEFT JOIN LATERAL (SELECT * FROM names WHERE dir = d.id AND cookie > $2::bigint ORDER BY cookie
                LIMIT $3::bigint) m ON true
            LEFT JOIN nodes n ON n.id = m.node WHERE d.id = $1::bigint ORDER BY m.cookie
            """
        case .attribute:
            """
            SELECT a.value FROM nodes n LEFT JOIN attributes a ON a.node = n.id AND a.name = $2::bytea
            WHERE n.id = $1::bigint
            """
        case .attributeNames:
            "SELECT a.name FROM nodes n LEFT JOIN attributes a ON a.node = n.id WHERE n.id = $1::bigint"
        case .extents:
            """
            SELECT e."offset", e.length, e.object, e.object_offset, e.data FROM nodes n
            LEFT JOIN extents e ON e.node = n.id AND e."offset" < $3::bigint AND e."offset" >= coalesce(
                (SELECT max(b."offset") FROM extents b WHERE b.node = $1::bigint AND b."offset" <= $2::bigint), $2::bigint)
            WHERE n.id = $1::bigint ORDER BY e."offset"
            """
        case .scanExtents:
            """
            SELECT e."offset", e.length, e.object, e.object_offset, CASE WHEN n.ctime < $4::bigint THEN e.data END,
                CASE WHEN e.data IS NOT NULL AND n.ctime >= $4::bigint THEN 1::bigint ELSE 0::bigint END, e.node, n.version,
                o.length, o.live
            FROM extents e JOIN nodes n ON n.id = e.node LEFT JOIN objects o ON o.number = e.object
            WHERE (e.node, e."offset") > ($1::bigint, $2::bigint) ORDER BY e.node, e."offset" LIMIT $3::bigint
            """
        case .object: "SELECT number, length, layout FROM objects WHERE number = $1::bigint AND extents > 0"
        case .objectsAfter:
            """
            SELECT number, length, layout FROM objects WHERE number > $1::bigint AND extents > 0
            ORDER BY number LIMIT $2::bigint
            """
        case .garbage: "SELECT number FROM objects WHERE extents = 0 ORDER BY number LIMIT $1::bigint"
        case .usage: "SELECT bytes, nodes, garbage_bytes FROM state"
        default: preconditionFailure("not about reading")
        }
    }
}
