internal import RingFUSE

extension ConsistencyCheck {
    /// Pairs of a quota and one that counts in it: itself, and those within.
    static var partsOfQuotas: String {
        """
        WITH RECURSIVE inside (quota, part) AS (SELECT directory, directory FROM quotas
            UNION SELECT i.quota, q.directory FROM inside i JOIN quotas q ON q.outer_quota = i.part)
        """
    }

    /// Whether quotas count what is in them, and nodes belong where they are.
    mutating func checkQuotas() throws(Database.Failure) {
        try find(
            """
            \(Self.partsOfQuotas), found AS (SELECT i.quota, count(n.id) AS nodes,
                    CAST(coalesce(sum(n.allocated), 0) AS bigint) AS bytes
                FROM inside i LEFT JOIN nodes n ON n.quota = i.part GROUP BY i.quota)
            SELECT q.directory, q.bytes, f.bytes, q.nodes, f.nodes FROM quotas q JOIN found f ON f.quota = q.directory
            WHERE q.bytes <> f.bytes OR q.nodes <> f.nodes
            """
        ) { row in
            .quota(
                directory: NodeID(row.uint64(0)),
                bytes: Inconsistency.Count(counted: row.uint64(1), found: row.uint64(2)),
                nodes: Inconsistency.Count(counted: row.uint64(3), found: row.uint64(4)))
        }
        // One of a directory that was removed stays as long as something belongs to it; the directory itself belongs to none any more
        // where it got into the trash.
        try find(
            """
            SELECT directory FROM quotas WHERE outer_quota <> 0
                AND outer_quota NOT IN (SELECT directory FROM quotas)
            UNION SELECT q.directory FROM quotas q JOIN nodes n ON n.id = q.directory
                WHERE (n.quota <> q.directory AND (n.links > 0 OR n.quota <> 0)) OR (n.mode & 61440) <> 16384
            UNION SELECT quota FROM nodes WHERE quota <> 0 AND quota NOT IN (SELECT directory FROM quotas)
            """
        ) { .quotaMembership(node: NodeID($0.uint64(0))) }
        try find(
            """
            WITH RECURSIVE up (quota, above) AS (SELECT directory, outer_quota FROM quotas WHERE outer_quota <> 0
                UNION SELECT u.quota, q.outer_quota FROM up u JOIN quotas q ON q.directory = u.above
                WHERE q.outer_quota <> 0)
            SELECT quota FROM up WHERE quota = above
            """
        ) { .quotaMembership(node: NodeID($0.uint64(0))) }
        // Files may have had names elsewhere. While a quota is being set or cleared, it is not so.
        try find(
            """
            SELECT n.id FROM names m JOIN nodes d ON d.id = m.dir JOIN nodes n ON n.id = m.node
            WHERE n.quota <> d.quota AND n.quota <> n.id AND (n.mode & 61440) = 16384
                AND d.quota NOT IN (SELECT directory FROM quotas WHERE complete = 0)
                AND n.quota NOT IN (SELECT directory FROM quotas WHERE complete = 0)
            """
        ) { .quotaMembership(node: NodeID($0.uint64(0))) }
    }
}
