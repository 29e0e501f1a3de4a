internal import RingFUSE
public import SystemPackage

extension PostgreSQLEngine {
    /// Writes all there is, as it is at one moment.
    public func dump(
        to file: FileDescriptor,
        progress: @escaping @Sendable (UInt64) -> Void
    ) async throws(VolumeError) {
        let (location, volume) = (session.location, volume)
        try await Self.blocking(location) { () throws(VolumeError) in
            let source = PostgreSQLVolume(location)
            let connection = try source.connect()
            try source.checked { () throws(PostgreSQLFailure) in
                try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
            try MetadataDump(connection, volume).run(DumpWriter(file, progress: progress), failed: source.failure)
            try source.checked { () throws(PostgreSQLFailure) in try connection.execute("ROLLBACK") }
        }
    }

    /// Makes a volume out of a dump, where there is none: all of it, or nothing.
    ///
    /// - Parameters:
    ///   - location: the schema that is made.
    ///   - file: the dump; stays its owner's.
    ///   - dataURL: where the objects are now; `nil` for where they were.
    ///   - progress: told now and then how many rows were read.
    public static func load(
        _ location: PostgreSQLLocation,
        from file: FileDescriptor,
        dataURL: String? = nil,
        progress: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) async throws(VolumeError) {
        try await blocking(location) { () throws(VolumeError) in
            try PostgreSQLVolume(location).load(DumpReader(file), dataURL: dataURL, progress: progress)
        }
    }
}

extension PostgreSQLConnection: LoadedDatabase {
    /// The table with what counts for the whole volume.
    static var counters: String { "counters" }

    /// Runs a statement that gives nothing.
    func execute(_ text: String) throws(PostgreSQLFailure) { try run(text: text) }

    /// Adds rows: a statement for as many as make a round trip worth while.
    func insert(_ rows: [DumpRow], into table: DumpTable) throws(PostgreSQLFailure) {
        var (tuples, size) = ([[String]](), 0)
        for row in rows {
            tuples.append(row.values.map(literal))
            size += tuples[tuples.count - 1].reduce(0) { $0 + $1.utf8.count }
            guard size > 1 << 20 else { continue }
            try execute(table.insertion(of: tuples))
            (tuples, size) = ([], 0)
        }
        if !tuples.isEmpty { try execute(table.insertion(of: tuples)) }
    }

    private func literal(_ value: DumpValue) -> String {
        switch value {
        case .number(let number): "\(number)"
        case .bytes(let bytes): literal(bytes)
        case .nothing: "NULL"
        }
    }
}
