internal import CSQLite
internal import FileSystems
internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// A volume's database before it is open.
struct VolumeFile {
    /// Where it is.
    let path: String

    /// A file, or nothing yet.
    init(_ path: String) { self.path = path }

    // MARK: Making

    /// Makes it: under another name first, so that a crash leaves nothing that looks like a volume.
    func make(_ volume: VolumeDescription, root: UInt32, owner: Caller) throws(VolumeError) {
        try withDraft { (draft) throws(VolumeError) in
            try sqlite { () throws(SQLiteFailure) in
                try Self.fill(try Self.create(draft, volume), volume, root: root, owner: owner)
            }
        }
    }

    /// Has a file made under another name, and gives it its own when all of it is on the disk.
    func withDraft(_ body: (String) throws(VolumeError) -> Void) throws(VolumeError) {
        guard unsafe access(path, F_OK) != 0 else { throw .exists(path: path) }
        let draft: DraftFile
        do throws(Errno) { draft = try DraftFile(of: path) } catch { throw .system(path: path, error) }
        try body(draft.path)
        do throws(Errno) {
            try draft.publish()
        } catch {
            throw error == .fileExists ? .exists(path: path) : .system(path: path, error)
        }
    }

    /// Makes the tables, and what is in them before there is a node.
    static func create(_ path: String, _ volume: VolumeDescription) throws(SQLiteFailure) -> Database {
        let database = try Database(path, .create, cipher: InlineCipher(isEncrypted: volume.wrappedKey != nil))
        try database.execute("PRAGMA journal_mode = WAL")
        try Schema.migrate(database)
        try database.execute("PRAGMA application_id = \(Schema.application)")
        let description = try database.prepare("INSERT INTO volume (id, description) VALUES (1, ?1)")
        description.bind(1, try text(of: volume))
        _ = try description.next()
        try database.execute("INSERT INTO state VALUES (1, 0, \(NodeID.root.rawValue + 1), 1, 0, 0, 0)")
        return database
    }

    /// Makes the root.
    private static func fill(
        _ database: Database,
        _ volume: VolumeDescription,
        root: UInt32,
        owner: Caller
    ) throws(SQLiteFailure) {
        let template = NodeTemplate(NewNode(mode: NodeMode(.directory, permissions: root)), by: owner)
        let inheritance = Inheritance(
            of: .directory, template.node, from: Attributes(node: .root, mode: NodeMode(rawValue: 0)), [],
            defaultList: nil)
        let node = NodeRow(.root, .directory, template, inheritance, in: .root, at: .now)
        do throws(Errno) {
            let transaction = Transaction(database, volume, session: 0, try database.volumeState())
            try transaction.insert(node)
            try database.store(transaction.state)
        } catch {
            throw SQLiteFailure("the root cannot be made: \(error)")
        }
        _ = try database.checkpoint(resets: true)
    }

    /// The description as it is stored.
    private static func text(of volume: VolumeDescription) throws(SQLiteFailure) -> String {
        guard let text = volume.json else {
            throw SQLiteFailure("the description of the volume cannot be written as JSON")
        }
        return text
    }

    // MARK: Checking

    /// Checks that there is a file with something in it.
    func checkIsFile() throws(VolumeError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            let error = Errno(rawValue: errno)
            throw error == .noSuchFileOrDirectory || error == .notDirectory
                ? .missing(path: path) : .system(path: path, error)
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { throw .noDatabase(path: path) }
    }

    /// Checks that a database is a volume's, of a version that is known.
    func check(_ database: Database, writes: Bool) throws(VolumeError) {
        let (application, version) = try sqlite { () throws(SQLiteFailure) in
            (try database.number("PRAGMA application_id") ?? 0, try database.number("PRAGMA user_version") ?? 0)
        }
        guard application == Schema.application else { throw .foreign(path: path) }
        guard version <= Schema.version else { throw .newer(path: path, version: version, known: Schema.version) }
        guard writes || version == Schema.version else {
            throw .older(path: path, version: version, known: Schema.version)
        }
    }

    /// What was decided when the volume was formatted.
    func description(_ database: Database) throws(VolumeError) -> VolumeDescription {
        let text = try sqlite { () throws(SQLiteFailure) in
            try database.prepare("SELECT description FROM volume").firstText()
        }
        guard let text, let volume = VolumeDescription(json: text) else {
            throw .damaged(path: path, "the description of the volume cannot be read")
        }
        return volume
    }

    // MARK: Errors

    /// Runs what SQLite may refuse.
    func sqlite<Outcome>(_ body: () throws(SQLiteFailure) -> Outcome) throws(VolumeError) -> Outcome {
        do throws(SQLiteFailure) { return try body() } catch { throw self.error(error) }
    }

    /// Runs what the system may refuse.
    func system<Outcome>(_ body: () throws(Errno) -> Outcome) throws(VolumeError) -> Outcome {
        do throws(Errno) { return try body() } catch { throw .system(path: path, error) }
    }

    /// What a refusal of SQLite means for whoever wants the volume.
    func error(_ failure: SQLiteFailure) -> VolumeError {
        switch failure.primary {
        case SQLITE_NOTADB: .noDatabase(path: path)
        case SQLITE_CORRUPT: .damaged(path: path, failure.description)
        case SQLITE_READONLY, SQLITE_PERM: .readOnly(path: path)
        default: .database(path: path, failure.description)
        }
    }
}
