internal import SystemPackage

/// Writes all there is in a database, as it is at one moment.
struct MetadataDump<Database: ScannedDatabase> {
    private let database: Database
    private let volume: VolumeDescription

    /// A dump of what a connection sees, which is one state all the while.
    init(_ database: Database, _ volume: VolumeDescription) {
        self.database = database
        self.volume = volume
    }

    /// Writes everything.
    ///
    /// - Throws: ``VolumeError/system(path:_:)`` where it cannot be written.
    func run(_ writer: DumpWriter, failed: (Database.Failure) -> VolumeError) throws(VolumeError) {
        var header = DumpHeader(dump: DumpHeader.version, volume: volume, nextNode: 0, nextObject: 0)
        // What was set since this session has begun.
        try forEachRow("SELECT description FROM volume", failed) { (row) throws(Errno) in
            header.volume = VolumeDescription(json: row.text(0)) ?? volume
            // Sessions end with their mounts.
            header.volume.compactor = nil
        }
        try forEachRow("SELECT next_node, next_object FROM state", failed) { (row) throws(Errno) in
            (header.nextNode, header.nextObject) = (row.uint64(0), row.uint64(1))
            try writer.write(header)
        }
        for table in DumpTable.allCases {
            let columns = table.columns
            try forEachRow("SELECT \(table.columnList) FROM \(table.rawValue)", failed) { (row) throws(Errno) in
                let values = columns.indices.map { Self.value(Int32($0), of: row, columns[$0].kind) }
                try writer.write(DumpRow(table: table, values: values))
            }
        }
        do throws(Errno) { try writer.finish() } catch { throw .system(path: "the dump", error) }
    }

    private static func value(_ column: Int32, of row: Database.Row, _ kind: DumpTable.Column.Kind) -> DumpValue {
        switch kind {
        case .number, .signed: .number(Int64(bitPattern: row.uint64(column)))
        case .optionalBytes where row.isNothing(column): .nothing
        case .bytes, .optionalBytes, .name: .bytes(row.bytes(column))
        }
    }

    /// Runs a query, and ends it at the first row that cannot be written.
    private func forEachRow(
        _ query: String,
        _ failed: (Database.Failure) -> VolumeError,
        _ body: (Database.Row) throws(Errno) -> Void
    ) throws(VolumeError) {
        var failure: Errno?
        do throws(Database.Failure) {
            try database.forEachRow(query) { row in
                do throws(Errno) { try body(row) } catch { failure = error }
                return failure == nil
            }
        } catch {
            throw failed(error)
        }
        if let failure { throw .system(path: "the dump", failure) }
    }
}
