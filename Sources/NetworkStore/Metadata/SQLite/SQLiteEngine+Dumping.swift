internal import RingFUSE
public import SystemPackage

extension SQLiteEngine {
    /// Writes all there is, as it is at one moment. Keeps the log from starting anew for as long as that takes.
    public func dump(
        to file: FileDescriptor,
        progress: @escaping @Sendable (UInt64) -> Void
    ) async throws(VolumeError) {
        let (readers, volume, source) = (readers, volume, VolumeFile(path))
        try await Self.blocking(path) { () throws(VolumeError) in
            var failure: VolumeError?
            try source.system { () throws(Errno) in
                try readers.read { (database) throws(Errno) in
                    failure = source.dump(database, volume, DumpWriter(file, progress: progress))
                }
            }
            if let failure { throw failure }
        }
    }

    /// Makes a volume out of a dump, where there is nothing: all of it, or nothing.
    ///
    /// - Parameters:
    ///   - path: where the database is made.
    ///   - file: the dump; stays its owner's.
    ///   - dataURL: where the objects are now; `nil` for where they were.
    ///   - progress: told now and then how many rows were read.
    public static func load(
        _ path: String,
        from file: FileDescriptor,
        dataURL: String? = nil,
        progress: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) async throws(VolumeError) {
        let target = VolumeFile(path)
        try await blocking(path) { () throws(VolumeError) in
            try target.load(DumpReader(file), dataURL: dataURL, progress: progress)
        }
    }
}

extension VolumeFile {
    /// Writes a dump.
    ///
    /// - Returns: why it could not be done.
    fileprivate func dump(_ database: Database, _ volume: VolumeDescription, _ writer: DumpWriter) -> VolumeError? {
        var failure: VolumeError?
        do throws(SQLiteFailure) {
            try database.inOneState { () throws(SQLiteFailure) in
                do throws(VolumeError) {
                    try MetadataDump(database, volume).run(writer, failed: error)
                } catch {
                    failure = error
                }
            }
        } catch {
            failure = failure ?? self.error(error)
        }
        return failure
    }

    /// Makes a volume out of a dump.
    fileprivate func load(
        _ reader: DumpReader,
        dataURL: String?,
        progress: (UInt64) -> Void
    ) throws(VolumeError) {
        let header = try reader.header()
        var volume = header.volume
        if let dataURL { volume.dataURL = dataURL }
        try withDraft { (draft) throws(VolumeError) in
            let database = try sqlite { () throws(SQLiteFailure) in
                let database = try Self.create(draft, volume)
                database.cipher.isEncrypted = volume.wrappedKey != nil
                try database.execute("BEGIN")
                return database
            }
            try MetadataLoad(database, failed: error).run(reader, header, progress: progress)
            try sqlite { () throws(SQLiteFailure) in
                try database.execute("COMMIT")
                _ = try database.checkpoint(resets: true)
            }
        }
    }
}

extension Database: LoadedDatabase {
    /// The table with what counts for the whole volume.
    static var counters: String { "state" }

    /// Adds rows.
    func insert(_ rows: [DumpRow], into table: DumpTable) throws(SQLiteFailure) {
        let statement = try prepare(table.insertion(of: [table.columns.indices.map { "?\($0 + 1)" }]))
        for row in rows {
            for (index, value) in row.values.enumerated() {
                switch value {
                case .number(let number): statement.bind(Int32(index + 1), number)
                case .bytes(let bytes): statement.bind(Int32(index + 1), bytes)
                case .nothing: statement.bindNothing(Int32(index + 1))
                }
            }
            _ = try statement.next()
            statement.reset()
        }
    }
}
