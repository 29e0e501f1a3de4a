internal import RingFUSE

/// Looks through a whole database for what does not fit together. The tables have the same names in all engines.
///
/// Memory: what the database sorts, and the findings, of which it stops at a limit.
struct ConsistencyCheck<Database: ScannedDatabase> {
    /// Findings at the most.
    private static var limit: Int { 1000 }

    private let database: Database
    private(set) var findings: [Inconsistency] = []

    /// A check on a connection that nobody else uses meanwhile.
    init(_ database: Database) { self.database = database }

    /// Looks through everything.
    mutating func run() throws(Database.Failure) {
        // Before anything else, so that one state is what all of it sees.
        findings += try database.damage().map { .store($0) }
        guard findings.isEmpty else { return }
        try checkNames()
        try checkNodes()
        try checkTrash()
        try checkDirectories()
        try checkExtents()
        try checkObjects()
        try checkCounters()
        try checkQuotas()
    }

    /// Adds a finding for each row of a query that is one.
    mutating func find(
        _ query: String,
        _ finding: (Database.Row) -> Inconsistency?
    ) throws(Database.Failure) {
        var found = findings
        try database.forEachRow(query) { row in
            guard found.count < Self.limit else { return false }
            if let finding = finding(row) { found.append(finding) }
            return true
        }
        findings = found
    }

    // MARK: Names and nodes

    /// The condition for a directory; the type is in the upper bits of the mode.
    private static var isDirectory: String { "(n.mode & 61440) = 16384" }
    /// The mark of what is in the trash.
    static var inTrash: UInt32 { NodeRow.Marks.inTrash.rawValue }
    /// The marks that say which attributes there are.
    private static var attributeMarks: UInt32 { NodeRow.Marks.allAttributes.rawValue }
    /// The condition for a regular file.
    private static var isFile: String { "(n.mode & 61440) = 32768" }

    private mutating func checkNames() throws(Database.Failure) {
        try find(
            """
            SELECT name, dir, node FROM names WHERE dir <> \(NodeID.journal) AND node NOT IN (SELECT id FROM nodes)
            """
        ) {
            .nameWithoutNode(name: $0.text(0), directory: NodeID($0.uint64(1)), node: NodeID($0.uint64(2)))
        }
        try find(
            """
            SELECT name, dir FROM names WHERE dir NOT IN (\(NodeID.trash), \(NodeID.journal))
                AND dir NOT IN (SELECT n.id FROM nodes n WHERE \(Self.isDirectory))
            """
        ) { .nameOutsideDirectory(name: $0.text(0), directory: NodeID($0.uint64(1))) }
        try find(
            """
            SELECT n.id FROM nodes n WHERE \(Self.isDirectory) AND (
                n.next_cookie <= (SELECT max(m.cookie) FROM names m WHERE m.dir = n.id)
                OR (SELECT count(*) <> count(DISTINCT m.cookie) FROM names m WHERE m.dir = n.id))
            """
        ) { .cookie(directory: NodeID($0.uint64(0))) }
    }

    private mutating func checkNodes() throws(Database.Failure) {
        // A directory has its name, its `.`, and the `..` of each directory in it; a removed one nothing.
        try find(
            """
            WITH counted AS (SELECT node, count(*) AS names FROM names WHERE dir <> \(NodeID.trash) GROUP BY node),
                inside AS (SELECT m.dir, count(*) AS directories FROM names m JOIN nodes n ON n.id = m.node
                    WHERE \(Self.isDirectory) GROUP BY m.dir)
            SELECT id, links, wanted FROM (SELECT n.id, n.links, CASE
                    WHEN NOT \(Self.isDirectory) THEN coalesce(c.names, 0)
                    WHEN n.id = 1 THEN 2 + coalesce(i.directories, 0)
                    WHEN c.names IS NULL THEN 0
                    ELSE c.names + 1 + coalesce(i.directories, 0) END AS wanted
                FROM nodes n LEFT JOIN counted c ON c.node = n.id LEFT JOIN inside i ON i.dir = n.id) counts
            WHERE links <> wanted
            """
        ) { .linkCount(node: NodeID($0.uint64(0)), links: $0.uint64(1), names: $0.uint64(2)) }
        try find(
            """
            SELECT n.id FROM nodes n WHERE n.links = 0 AND (n.marks & \(Self.inTrash)) = 0
                AND n.id NOT IN (SELECT node FROM unlinked)
            UNION SELECT n.id FROM nodes n WHERE (n.links > 0 OR (n.marks & \(Self.inTrash)) <> 0)
                AND n.id IN (SELECT node FROM unlinked)
            UNION SELECT node FROM unlinked WHERE node NOT IN (SELECT id FROM nodes)
            UNION SELECT node FROM unlinked WHERE session NOT IN (SELECT epoch FROM sessions)
            """
        ) { .unlinkedNote(node: NodeID($0.uint64(0))) }
        // Bits of `NodeRow.Marks`.
        let access = database.literal("system.posix_acl_access")
        let preset = database.literal("system.posix_acl_default")
        let capability = database.literal("security.capability")
        try find(
            """
            SELECT n.id FROM nodes n LEFT JOIN (SELECT a.node, 1 + max(CASE a.name WHEN \(access) THEN 2 ELSE 0 END)
                    + max(CASE a.name WHEN \(preset) THEN 4 ELSE 0 END)
                    + max(CASE a.name WHEN \(capability) THEN 8 ELSE 0 END) AS marks
                FROM attributes a GROUP BY a.node) had ON had.node = n.id
            WHERE (n.marks & \(Self.attributeMarks)) <> coalesce(had.marks, 0)
            UNION SELECT node FROM attributes WHERE node NOT IN (SELECT id FROM nodes)
            """
        ) { .attributes(node: NodeID($0.uint64(0))) }
    }

    private mutating func checkDirectories() throws(Database.Failure) {
        try find(
            """
            SELECT n.id FROM nodes n LEFT JOIN names m ON m.node = n.id
            WHERE n.parent <> CASE WHEN n.id = 1 THEN 1 WHEN \(Self.isDirectory) THEN coalesce(m.dir, 0) ELSE 0 END
            """
        ) { .parent(directory: NodeID($0.uint64(0))) }
        // Going down from the root finds each directory once; one that is its own ancestor is never found.
        try find(
            """
            WITH RECURSIVE reached (id) AS (
                SELECT CAST(1 AS bigint) UNION SELECT n.id FROM reached r JOIN names m ON m.dir = r.id JOIN nodes n ON n.id = m.node
                WHERE \(Self.isDirectory))
            SELECT n.id FROM nodes n WHERE \(Self.isDirectory) AND n.links > 0 AND n.id NOT IN (SELECT id FROM reached)
            """
        ) { .unreachable(directory: NodeID($0.uint64(0))) }
    }

    // MARK: Content

    private mutating func checkExtents() throws(Database.Failure) {
        try find(
            """
            SELECT node, "offset" FROM (SELECT node, "offset",
                    lag("offset" + length) OVER (PARTITION BY node ORDER BY "offset") AS former FROM extents) spans
            WHERE former > "offset"
            """
        ) { .overlap(file: NodeID($0.uint64(0)), offset: $0.uint64(1)) }
        try find(
            """
            SELECT node, "offset" FROM extents WHERE length <= 0 OR "offset" < 0 OR object_offset < 0
                OR (data IS NOT NULL AND (length(data) <> length + \(database.inlineOverhead) OR object <> 0))
                OR node NOT IN (SELECT n.id FROM nodes n WHERE \(Self.isFile))
            """
        ) { .extent(file: NodeID($0.uint64(0)), offset: $0.uint64(1)) }
        try find(
            """
            WITH found AS (SELECT node, CAST(sum(length) AS bigint) AS bytes FROM extents GROUP BY node)
            SELECT n.id, n.allocated, coalesce(f.bytes, 0) FROM nodes n LEFT JOIN found f ON f.node = n.id
            WHERE n.allocated <> coalesce(f.bytes, 0)
            """
        ) { .allocated(file: NodeID($0.uint64(0)), counted: $0.uint64(1), found: $0.uint64(2)) }
    }

    private mutating func checkObjects() throws(Database.Failure) {
        try find(
            """
            SELECT e.object, e.node FROM extents e LEFT JOIN objects o ON o.number = e.object
            WHERE e.object <> 0 AND (o.number IS NULL OR e.object_offset + e.length > o.length)
            """
        ) { .objectMissing(object: $0.uint64(0), file: NodeID($0.uint64(1))) }
        try find(
            """
            WITH used AS (SELECT object, count(*) AS extents, CAST(sum(length) AS bigint) AS bytes
                FROM extents
                WHERE object <> 0 GROUP BY object)
            SELECT o.number FROM objects o LEFT JOIN used u ON u.object = o.number
            WHERE o.extents <> coalesce(u.extents, 0) OR o.live <> coalesce(u.bytes, 0)
                OR (o.extents = 0) <> (o.freed <> 0)
            """
        ) { .objectUse(object: $0.uint64(0)) }
        try find(
            """
            SELECT number FROM pending WHERE number IN (SELECT number FROM objects)
                OR session NOT IN (SELECT epoch FROM sessions)
            UNION SELECT number FROM (SELECT number FROM pending UNION ALL SELECT number FROM objects) numbers
                WHERE number < 1 OR number >= (SELECT next_object FROM state)
            UNION SELECT id FROM nodes WHERE id < 1 OR id >= (SELECT next_node FROM state)
            """
        ) { .number($0.uint64(0)) }
    }

    private mutating func checkCounters() throws(Database.Failure) {
        let counters = [
            ("nodes", "(SELECT count(*) FROM nodes)"),
            ("bytes", "(SELECT CAST(coalesce(sum(length), 0) AS bigint) FROM extents)"),
            ("garbage_bytes", "(SELECT CAST(coalesce(sum(length), 0) AS bigint) FROM objects WHERE extents = 0)"),
        ]
        for (name, sum) in counters {
            try find("SELECT \(name), \(sum) FROM state WHERE \(name) <> \(sum)") {
                .counter(name: name, counted: $0.uint64(0), found: $0.uint64(1))
            }
        }
    }
}
