/// The tables of a volume's metadata in PostgreSQL: those that SQLite has (``Schema``), and what several sessions at a time need.
enum PostgreSQLSchema {
    /// Marks a schema as a volume of ours.
    static let application = "ringfuse volume"
    /// The version that this program writes.
    static var version: Int64 { Int64(steps.count) }

    /// What leads from each version to the next; the first one makes an empty volume out of nothing. Steps that have been
    /// in a release are never changed.
    static let steps: [[String]] = [first, second, third]

    /// Version 1.
    ///
    /// Each session counts what it has changed in a row of its own, which it updates with each transaction anyway; what is in
    /// `counters` is taken rarely, and would be a row that all wait for. Rows that are updated in place have room on their page
    /// (`fillfactor`), so that no index has to be touched. `offset` is a word of SQL's.
    private static let first = [
        "CREATE TABLE volume (id bigint PRIMARY KEY, application text NOT NULL, version bigint NOT NULL, description bytea NOT NULL)",
        """
        CREATE TABLE counters (id bigint PRIMARY KEY, epoch bigint NOT NULL, next_node bigint NOT NULL,
            next_object bigint NOT NULL, nodes bigint NOT NULL, bytes bigint NOT NULL, garbage_bytes bigint NOT NULL)
        """,
        """
        CREATE TABLE sessions (epoch bigint PRIMARY KEY, host text NOT NULL, machine text NOT NULL, boot text NOT NULL,
            process bigint NOT NULL, process_start bigint NOT NULL, began timestamptz NOT NULL, lease bigint NOT NULL,
            deadline timestamptz NOT NULL, commits bigint NOT NULL, nodes bigint NOT NULL, bytes bigint NOT NULL,
            garbage_bytes bigint NOT NULL) WITH (fillfactor = 10)
        """,
        """
        CREATE TABLE nodes (id bigint PRIMARY KEY, mode bigint NOT NULL, uid bigint NOT NULL, gid bigint NOT NULL,
            links bigint NOT NULL, size bigint NOT NULL, allocated bigint NOT NULL, device bigint NOT NULL,
            flags bigint NOT NULL, marks bigint NOT NULL, version bigint NOT NULL, parent bigint NOT NULL,
            next_cookie bigint NOT NULL, atime bigint NOT NULL, atime_ns bigint NOT NULL, mtime bigint NOT NULL,
            mtime_ns bigint NOT NULL, ctime bigint NOT NULL, ctime_ns bigint NOT NULL, btime bigint NOT NULL,
            btime_ns bigint NOT NULL, target bytea) WITH (fillfactor = 70)
        """,
        """
        CREATE TABLE names (dir bigint NOT NULL, name bytea NOT NULL, cookie bigint NOT NULL, node bigint NOT NULL,
            PRIMARY KEY (dir, name))
        """,
        "CREATE INDEX names_by_cookie ON names (dir, cookie)",
        "CREATE TABLE unlinked (node bigint PRIMARY KEY, session bigint NOT NULL, linkable bigint NOT NULL)",
        "CREATE TABLE attributes (node bigint NOT NULL, name bytea NOT NULL, value bytea NOT NULL, PRIMARY KEY (node, name))",
        """
        CREATE TABLE extents (node bigint NOT NULL, "offset" bigint NOT NULL, length bigint NOT NULL, object bigint NOT NULL,
            object_offset bigint NOT NULL, data bytea, PRIMARY KEY (node, "offset"))
        """,
        """
        CREATE TABLE objects (number bigint PRIMARY KEY, length bigint NOT NULL, extents bigint NOT NULL,
            live bigint NOT NULL, freed bigint NOT NULL, layout bytea NOT NULL)
        """,
        "CREATE INDEX garbage ON objects (number) WHERE extents = 0",
        "CREATE TABLE pending (number bigint PRIMARY KEY, session bigint NOT NULL)",
        """
        CREATE VIEW state AS SELECT c.epoch, c.next_node, c.next_object,
            (c.nodes + coalesce(sum(s.nodes), 0))::bigint AS nodes,
            (c.bytes + coalesce(sum(s.bytes), 0))::bigint AS bytes,
            (c.garbage_bytes + coalesce(sum(s.garbage_bytes), 0))::bigint AS garbage_bytes
        FROM counters c LEFT JOIN sessions s ON true GROUP BY c.id
        """,
    ]

    /// Version 2: quotas by directory (``QuotaRecord``), and to which each node belongs.
    private static let second = [
        "ALTER TABLE nodes ADD COLUMN quota bigint NOT NULL DEFAULT 0",
        "CREATE INDEX nodes_by_quota ON nodes (quota) WHERE quota <> 0",
        """
        CREATE TABLE quotas (directory bigint PRIMARY KEY, outer_quota bigint NOT NULL, byte_limit bigint NOT NULL,
            node_limit bigint NOT NULL, bytes bigint NOT NULL, nodes bigint NOT NULL, complete bigint NOT NULL)
            WITH (fillfactor = 10)
        """,
        "CREATE INDEX quotas_by_outer ON quotas (outer_quota) WHERE outer_quota <> 0",
    ]

    /// Version 3: locks that programs hold, and requests that wait for some, in the order in which they came. Both belong to a session
    /// and go with it, and whoever has a node's row may change those of the node. `whole` is 1 for locks of `flock`.
    private static let third = [
        """
        CREATE TABLE locks (node bigint NOT NULL, whole bigint NOT NULL, session bigint NOT NULL, owner bigint NOT NULL,
            first_byte bigint NOT NULL, last_byte bigint NOT NULL, kind bigint NOT NULL, process bigint NOT NULL,
            handle bigint NOT NULL, PRIMARY KEY (node, whole, session, owner, first_byte))
        """,
        "CREATE INDEX locks_by_session ON locks (session)",
        """
        CREATE TABLE lock_waits (session bigint NOT NULL, ticket bigint NOT NULL,
            number bigint GENERATED ALWAYS AS IDENTITY, node bigint NOT NULL, whole bigint NOT NULL, owner bigint NOT NULL,
            first_byte bigint NOT NULL, last_byte bigint NOT NULL, kind bigint NOT NULL, seen timestamptz NOT NULL,
            PRIMARY KEY (session, ticket)) WITH (fillfactor = 50)
        """,
        "CREATE INDEX lock_waits_by_node ON lock_waits (node)",
    ]
}
