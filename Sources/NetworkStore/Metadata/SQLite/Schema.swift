/// The tables of a volume's metadata.
enum Schema {
    /// Marks a database as a volume of ours (`PRAGMA application_id`): "RFVM".
    static let application: Int64 = 0x5246_564d
    /// The version that this program writes (`PRAGMA user_version`).
    static var version: Int64 { Int64(steps.count) }

    /// What leads from each version to the next; the first one makes an empty volume out of nothing. Steps that have been
    /// in a release are never changed.
    ///
    /// Numbers of nodes and objects are never used again, which the counters in `state` see to; `AUTOINCREMENT` would
    /// keep them in a table of its own, a page more for each transaction to write.
    static let steps: [String] = [first, second]

    /// Version 1.
    ///
    /// A name's row is where its directory and its bytes say, so that a look-up is one descent; the index by cookies
    /// holds what a listing needs. A node's attributes are one row, whose `marks` spare the look at extended
    /// attributes that there are none of. Names in directory 0 are of what was removed and is kept (``TrashEntry``). `extents` of a
    /// file do not overlap; `data` holds the bytes of inline ones, `object` is 0 for these and for zeros.
    private static let first = """
        CREATE TABLE volume (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            description TEXT NOT NULL
        ) STRICT;
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch INTEGER NOT NULL,
            next_node INTEGER NOT NULL,
            next_object INTEGER NOT NULL,
            nodes INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            garbage_bytes INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sessions (
            epoch INTEGER PRIMARY KEY,
            host TEXT NOT NULL,
            machine TEXT NOT NULL,
            boot TEXT NOT NULL,
            process INTEGER NOT NULL,
            process_start INTEGER NOT NULL,
            began INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE nodes (
            id INTEGER PRIMARY KEY,
            mode INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            gid INTEGER NOT NULL,
            links INTEGER NOT NULL,
            size INTEGER NOT NULL,
            allocated INTEGER NOT NULL,
            device INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            marks INTEGER NOT NULL,
            version INTEGER NOT NULL,
            parent INTEGER NOT NULL,
            next_cookie INTEGER NOT NULL,
            atime INTEGER NOT NULL,
            atime_ns INTEGER NOT NULL,
            mtime INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            ctime INTEGER NOT NULL,
            ctime_ns INTEGER NOT NULL,
            btime INTEGER NOT NULL,
            btime_ns INTEGER NOT NULL,
            target BLOB
        ) STRICT;
        CREATE TABLE names (
            dir INTEGER NOT NULL,
            name BLOB NOT NULL,
            cookie INTEGER NOT NULL,
            node INTEGER NOT NULL,
            PRIMARY KEY (dir, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX names_by_cookie ON names (dir, cookie, node);
        CREATE TABLE unlinked (
            node INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            linkable INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE attributes (
            node INTEGER NOT NULL,
            name BLOB NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (node, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE extents (
            node INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            length INTEGER NOT NULL,
            object INTEGER NOT NULL,
            object_offset INTEGER NOT NULL,
            data BLOB,
            PRIMARY KEY (node, offset)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE objects (
            number INTEGER PRIMARY KEY,
            length INTEGER NOT NULL,
            layout BLOB NOT NULL,
            extents INTEGER NOT NULL,
            live INTEGER NOT NULL,
            freed INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX garbage ON objects (number) WHERE extents = 0;
        CREATE TABLE pending (
            number INTEGER PRIMARY KEY,
            session INTEGER NOT NULL
        ) STRICT;
        """

    /// Version 2: quotas by directory (``QuotaRecord``), and to which each node belongs. The index costs nothing for nodes in none.
    private static let second = """
        ALTER TABLE nodes ADD COLUMN quota INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX nodes_by_quota ON nodes (quota) WHERE quota <> 0;
        CREATE TABLE quotas (
            directory INTEGER PRIMARY KEY,
            outer_quota INTEGER NOT NULL,
            byte_limit INTEGER NOT NULL,
            node_limit INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            nodes INTEGER NOT NULL,
            complete INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX quotas_by_outer ON quotas (outer_quota) WHERE outer_quota <> 0;
        """

    /// Brings a database to the newest version, within a transaction of its own.
    ///
    /// - Parameter steps: what leads from each version to the next.
    static func migrate(_ database: Database, steps: [String] = steps) throws(SQLiteFailure) {
        let version = Int(try database.number("PRAGMA user_version") ?? 0)
        guard version < steps.count else { return }
        try database.execute("BEGIN IMMEDIATE")
        do throws(SQLiteFailure) {
            for step in steps[version...] { try database.execute(step) }
            try database.execute("PRAGMA user_version = \(steps.count)")
            try database.execute("COMMIT")
        } catch {
            try? database.execute("ROLLBACK")
            throw error
        }
    }
}
