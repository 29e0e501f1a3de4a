internal import FileSystems
internal import Glibc
internal import RingFUSE
internal import SystemPackage

extension VolumeFile {
    /// Opens it for writing.
    func open(
        _ memory: SQLiteEngine.Memory,
        takesOver: Bool,
        report: @escaping FailureReport
    ) throws(VolumeError) -> SQLiteEngine {
        try checkIsFile()
        try checkBeforeChanging()
        guard let lock = try VolumeLock(besides: path) else {
            throw .inUse(path: path, by: holder ?? "another process", mayForce: false)
        }
        let status = EngineStatus(report: report)
        let cipher = InlineCipher(isEncrypted: false)
        let (database, checkpoints) = try sqlite { () throws(SQLiteFailure) in
            (try Database(path, .write, cipher: cipher, report: report), try Database(path, .write, report: report))
        }
        try check(database, writes: true)
        let mode = try sqlite { () throws(SQLiteFailure) in
            try database.configure(cache: memory.writerCache, mapped: memory.mapped)
            try checkpoints.configure(cache: 1 << 20, mapped: 0)
            try Schema.migrate(database)
            return try database.prepare("PRAGMA journal_mode = WAL").firstText()
        }
        guard mode == "wal" else {
            throw .database(path: path, "its file system has no shared memory, which the log needs")
        }
        let volume = try description(database)
        cipher.isEncrypted = volume.wrappedKey != nil
        let transaction = try takeOver(database, volume, takesOver: takesOver)
        let log = WriteAheadLog(try openLog(), status)
        let readers = try sqlite { () throws(SQLiteFailure) in try ReaderPool(path, .read, memory, cipher, status) }
        let checkpointer = try system { () throws(Errno) in try Checkpointer(checkpoints, status) }
        let core = WriterCore(transaction, lock: lock, checkpointer, status)
        let writer = try system { () throws(Errno) in try Writer(core, log) }
        return SQLiteEngine(volume, at: path, readers, writer, cipher, status)
    }

    /// Checks that it is a volume before anything is made beside it.
    private func checkBeforeChanging() throws(VolumeError) {
        do throws(VolumeError) {
            let database = try sqlite { () throws(SQLiteFailure) in try Database(path, .read) }
            try check(database, writes: true)
        } catch .database {
            // Where it cannot be read, opening it for writing says why.
        }
    }

    /// What was decided when it was formatted.
    func readDescription() throws(VolumeError) -> VolumeDescription {
        try checkIsFile()
        do throws(VolumeError) {
            return try readDescription(.read)
        } catch .database {
            return try readDescription(.frozen)
        }
    }

    private func readDescription(_ access: Database.Access) throws(VolumeError) -> VolumeDescription {
        let database = try sqlite { () throws(SQLiteFailure) in try Database(path, access) }
        try check(database, writes: true)
        return try description(database)
    }

    /// Opens it to be read.
    func openForReading(
        _ memory: SQLiteEngine.Memory,
        report: @escaping FailureReport
    ) throws(VolumeError) -> SQLiteEngine {
        try checkIsFile()
        var access = Database.Access.read
        var database: Database
        do throws(VolumeError) {
            database = try openChecked(access)
        } catch .database {
            // Where it cannot be written there can be no log that others would have to know of, unless one was left.
            guard unsafe Glibc.access(path + "-wal", F_OK) != 0 else { throw .readOnly(path: path) }
            access = .frozen
            database = try openChecked(access)
        }
        let volume = try description(database)
        let cipher = InlineCipher(isEncrypted: volume.wrappedKey != nil)
        let status = EngineStatus(report: report)
        let readers = try sqlite { () throws(SQLiteFailure) in try ReaderPool(path, access, memory, cipher, status) }
        return SQLiteEngine(volume, at: path, readers, nil, cipher, status)
    }

    /// A connection to what has been found to be a volume.
    private func openChecked(_ access: Database.Access) throws(VolumeError) -> Database {
        let database = try sqlite { () throws(SQLiteFailure) in try Database(path, access) }
        try check(database, writes: false)
        return database
    }

    /// Opens the log, whose name is on the disk then, and all that was committed before.
    private func openLog() throws(VolumeError) -> Int32 {
        let log = unsafe Glibc.open(path + "-wal", O_RDWR | O_CLOEXEC)
        guard log >= 0 else { throw .system(path: path + "-wal", Errno(rawValue: errno)) }
        guard fdatasync(log) == 0 else {
            let error = Errno(rawValue: errno)
            close(log)
            throw .system(path: path + "-wal", error)
        }
        try system { () throws(Errno) in try DraftFile.synchronize(DraftFile.directory(of: path)) }
        return log
    }

    // MARK: Sessions

    /// Begins a session, and ends those before: all in one transaction.
    private func takeOver(
        _ database: Database,
        _ volume: VolumeDescription,
        takesOver: Bool
    ) throws(VolumeError) -> Transaction<Database> {
        let own = SessionOwner.current(at: Timestamp.now.seconds)
        try sqlite { () throws(SQLiteFailure) in try database.execute("BEGIN IMMEDIATE") }
        do throws(VolumeError) {
            for owner in try sqlite({ () throws(SQLiteFailure) in try owners(database) }) {
                switch own.fate(of: owner) {
                case .over: continue
                case .alive: throw .inUse(path: path, by: owner.description, mayForce: false)
                case .unknown:
                    guard takesOver else { throw .inUse(path: path, by: owner.description, mayForce: true) }
                }
            }
            return try begin(own, database, volume)
        } catch {
            try? database.execute("ROLLBACK")
            throw error
        }
    }

    /// Writes down whose the volume is, and commits that.
    private func begin(
        _ own: SessionOwner,
        _ database: Database,
        _ volume: VolumeDescription
    ) throws(VolumeError) -> Transaction<Database> {
        let transaction = try system { () throws(Errno) in
            var state = try database.volumeState()
            state.epoch += 1
            let transaction = Transaction(database, volume, session: state.epoch, state)
            try transaction.endSessions(withOwn: false)
            try database.store(transaction.state)
            return transaction
        }
        try sqlite { () throws(SQLiteFailure) in
            let session = try database.prepare(
                """
                INSERT INTO sessions (epoch, host, machine, boot, process, process_start, began)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """)
            session.bind(1, transaction.session)
            session.bind(2, own.host)
            session.bind(3, own.machine)
            session.bind(4, own.boot)
            session.bind(5, Int64(own.process))
            session.bind(6, own.processStart)
            session.bind(7, own.began)
            _ = try session.next()
            session.reset()
            try database.execute("COMMIT")
        }
        return transaction
    }

    /// Who has the volume, as the database has it.
    private func owners(_ database: Database) throws(SQLiteFailure) -> [SessionOwner] {
        let row = try database.prepare("SELECT host, machine, boot, process, process_start, began FROM sessions")
        var owners: [SessionOwner] = []
        while try row.next() {
            owners.append(
                SessionOwner(
                    host: row.text(0), machine: row.text(1), boot: row.text(2),
                    process: Int32(truncatingIfNeeded: row.int64(3)), processStart: row.uint64(4),
                    began: row.int64(5)))
        }
        return owners
    }

    /// Who has the volume, for people; `nil` where that cannot be found out.
    private var holder: String? {
        guard let database = try? Database(path, .read) else { return nil }
        return (try? owners(database))?.last?.description
    }
}
