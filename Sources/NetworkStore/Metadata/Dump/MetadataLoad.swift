internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// A database with the tables of a volume and nothing in them, into which a dump is loaded.
protocol LoadedDatabase: ScannedDatabase {
    /// The table with what counts for the whole volume.
    static var counters: String { get }

    /// Runs a statement that gives nothing.
    func execute(_ text: String) throws(Failure)

    /// Adds rows of one table.
    func insert(_ rows: [DumpRow], into table: DumpTable) throws(Failure)
}

/// Fills a database with what a dump has, within a transaction of its owner's.
struct MetadataLoad<Database: LoadedDatabase> {
    /// How far numbers go on beyond those that the dump knows: what was made after it may be in the store still, and must not be
    /// met again under the same number.
    static var numberGap: UInt64 { 1 << 32 }
    /// Rows that are inserted at a time.
    private static var batch: Int { 500 }

    private let database: Database
    private let failed: (Database.Failure) -> VolumeError

    /// A load into a database.
    init(_ database: Database, failed: @escaping (Database.Failure) -> VolumeError) {
        self.database = database
        self.failed = failed
    }

    /// Loads everything, and looks whether it fits together.
    ///
    /// - Throws: ``VolumeError/unloadable(_:)``, and what the database refuses.
    func run(_ reader: DumpReader, _ header: DumpHeader, progress: (UInt64) -> Void) throws(VolumeError) {
        var batch: [DumpRow] = []
        while case .row(let row) = try reader.next() {
            if let first = batch.first, first.table != row.table || batch.count >= Self.batch {
                try insert(batch)
                batch.removeAll(keepingCapacity: true)
                progress(reader.rows)
            }
            batch.append(row)
        }
        try insert(batch)
        try settle(header)
        var check = ConsistencyCheck(database)
        do throws(Database.Failure) { try check.run() } catch { throw failed(error) }
        if let finding = check.findings.first { throw .unloadable("it does not fit together: \(finding)") }
    }

    private func insert(_ rows: [DumpRow]) throws(VolumeError) {
        guard let table = rows.first?.table else { return }
        do throws(Database.Failure) { try database.insert(rows, into: table) } catch { throw failed(error) }
    }

    /// Ends what the sessions that there were have left, and counts.
    private func settle(_ header: DumpHeader) throws(VolumeError) {
        let now = Timestamp.now.seconds
        let (nextNode, nodeOverflows) = header.nextNode.addingReportingOverflow(Self.numberGap)
        let (nextObject, objectOverflows) = header.nextObject.addingReportingOverflow(Self.numberGap)
        guard !nodeOverflows, !objectOverflows, max(nextNode, nextObject) < UInt64(Int64.max) else {
            throw .unloadable("its numbers are larger than any can be")
        }
        let gone = "(SELECT node FROM unlinked)"
        let steps = [
            // Nodes that were open without a name.
            """
            UPDATE objects SET extents = objects.extents - gone.count, live = objects.live - gone.bytes,
                freed = CASE WHEN objects.extents = gone.count THEN \(now) ELSE objects.freed END
            FROM (SELECT object, count(*) AS count, CAST(sum(length) AS bigint) AS bytes FROM extents
                WHERE node IN \(gone) AND object <> 0 GROUP BY object) gone WHERE objects.number = gone.object
            """,
            "DELETE FROM extents WHERE node IN \(gone)", "DELETE FROM attributes WHERE node IN \(gone)",
            "DELETE FROM nodes WHERE id IN \(gone)", "DELETE FROM unlinked",
            // Objects that were on their way.
            """
            INSERT INTO objects (number, length, layout, extents, live, freed)
                SELECT number, 0, \(database.literal("")), 0, 0, \(now) FROM pending
            """,
            "DELETE FROM pending",
            """
            \(ConsistencyCheck<Database>.partsOfQuotas), found AS (SELECT i.quota, count(n.id) AS nodes,
                    CAST(coalesce(sum(n.allocated), 0) AS bigint) AS bytes
                FROM inside i LEFT JOIN nodes n ON n.quota = i.part GROUP BY i.quota)
            UPDATE quotas SET bytes = (SELECT f.bytes FROM found f WHERE f.quota = directory),
                nodes = (SELECT f.nodes FROM found f WHERE f.quota = directory)
            """,
            "DELETE FROM quotas WHERE nodes = 0",
            """
            UPDATE \(Database.counters) SET next_node = \(nextNode), next_object = \(nextObject),
                nodes = (SELECT count(*) FROM nodes),
                bytes = (SELECT CAST(coalesce(sum(length), 0) AS bigint) FROM extents),
                garbage_bytes = (SELECT CAST(coalesce(sum(length), 0) AS bigint) FROM objects WHERE extents = 0)
            """,
        ]
        do throws(Database.Failure) {
            for step in steps { try database.execute(step) }
        } catch {
            throw failed(error)
        }
    }
}
