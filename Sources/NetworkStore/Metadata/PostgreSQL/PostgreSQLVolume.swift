internal import FileSystems
internal import FoundationEssentials
internal import RingFUSE
internal import SystemPackage

/// A volume in PostgreSQL before it is open: a schema, or none yet. All of it waits for the server.
struct PostgreSQLVolume {
    /// Where it is.
    let location: PostgreSQLLocation

    /// A schema, or none yet.
    init(_ location: PostgreSQLLocation) { self.location = location }

    /// The URL, for people.
    var path: String { location.description }

    // MARK: Making

    /// Makes it: all of it, or nothing.
    func make(_ volume: VolumeDescription, root: UInt32, owner: Caller) throws(VolumeError) {
        try fill(try create(volume), root: root, owner: owner)
    }

    /// Makes the schema, and what is in it before there is a node, in a transaction that stays open.
    private func create(_ volume: VolumeDescription) throws(VolumeError) -> PostgreSQLConnection {
        let connection = try connect()
        do throws(PostgreSQLFailure) {
            try connection.send(text: "BEGIN")
            try connection.send(text: "CREATE SCHEMA \(location.schema)")
            for text in PostgreSQLSchema.steps.joined() { try connection.send(text: text) }
            let version = "\(PostgreSQLSchema.version)::bigint"
            let description = connection.literal(try Self.text(of: volume))
            try connection.send(
                text: "INSERT INTO volume VALUES (1, '\(PostgreSQLSchema.application)', \(version), \(description))")
            try connection.send(text: "INSERT INTO counters VALUES (1, 0, \(NodeID.root.rawValue + 1), 1, 1, 0, 0)")
            try connection.exchange()
        } catch {
            // A schema, or something in it.
            throw error.state == "42P06" ? .exists(path: path) : failure(error)
        }
        return connection
    }

    /// Makes it out of a dump: all of it, or nothing.
    func load(_ reader: DumpReader, dataURL: String?, progress: (UInt64) -> Void) throws(VolumeError) {
        let header = try reader.header()
        var volume = header.volume
        if let dataURL { volume.dataURL = dataURL }
        let connection = try create(volume)
        connection.inlineOverhead = InlineCipher(isEncrypted: volume.wrappedKey != nil).overhead
        try MetadataLoad(connection, failed: failure).run(reader, header, progress: progress)
        try checked { () throws(PostgreSQLFailure) in try connection.execute("COMMIT") }
    }

    /// Makes the root, and commits.
    private func fill(_ connection: PostgreSQLConnection, root: UInt32, owner: Caller) throws(VolumeError) {
        let template = NodeTemplate(NewNode(mode: NodeMode(.directory, permissions: root)), by: owner)
        let inheritance = Inheritance(
            of: .directory, template.node, from: Attributes(node: .root, mode: NodeMode(rawValue: 0)), [],
            defaultList: nil)
        let node = NodeRow(.root, .directory, template, inheritance, in: .root, at: .now)
        try checked { () throws(PostgreSQLFailure) in
            try connection.prepare(.insertNode)
            var parameters = PostgreSQLParameters()
            parameters.add(node)
            parameters.addNothing()
            try connection.send(.insertNode, parameters)
            try connection.send(text: "COMMIT")
            try connection.exchange()
        }
    }

    /// The description as it is stored.
    private static func text(of volume: VolumeDescription) throws(PostgreSQLFailure) -> String {
        guard let text = volume.json else {
            throw PostgreSQLFailure(state: "XX000", "the description of the volume cannot be written as JSON")
        }
        return text
    }

    /// Removes it, with everything in it. Nobody may have it open.
    func remove() throws(VolumeError) {
        let connection = try connect()
        _ = try description(connection)
        try checkIsFree(connection)
        _ = try checked { () throws(PostgreSQLFailure) in
            try connection.run(text: "DROP SCHEMA \(location.schema) CASCADE")
        }
    }

    // MARK: Checking

    /// Checks that nobody has it open.
    ///
    /// - Throws: ``VolumeError/inUse(path:by:mayForce:)``.
    func checkIsFree(_ connection: PostgreSQLConnection) throws(VolumeError) {
        let sessions = try checked { () throws(PostgreSQLFailure) in
            try connection.run(
                text: "SELECT host, process FROM sessions WHERE deadline >= clock_timestamp() ORDER BY epoch DESC")
        }
        if sessions.count > 0 {
            let holder = "process \(sessions[0].int64(1)) on \(sessions[0].text(0))"
            throw .inUse(path: path, by: holder, mayForce: false)
        }
    }

    /// Connects.
    func connect() throws(VolumeError) -> PostgreSQLConnection {
        try checked { () throws(PostgreSQLFailure) in try PostgreSQLConnection(location) }
    }

    /// What was decided when the volume was formatted. Checks that there is a volume, of the version that is known.
    func description(_ connection: PostgreSQLConnection) throws(VolumeError) -> VolumeDescription {
        let schemas = try checked { () throws(PostgreSQLFailure) in
            try connection.run(text: "SELECT 1 FROM pg_namespace WHERE nspname = '\(location.schema)'")
        }
        guard schemas.count > 0 else { throw .missing(path: path) }
        let row: PostgreSQLRows
        do throws(PostgreSQLFailure) {
            row = try connection.run(text: "SELECT application, version, description FROM volume")
        } catch {
            // No such table, or no such column in it.
            throw error.state == "42P01" || error.state == "42703" ? .foreign(path: path) : failure(error)
        }
        guard row.count == 1, row[0].text(0) == PostgreSQLSchema.application else { throw .foreign(path: path) }
        let (version, known) = (row[0].int64(1), PostgreSQLSchema.version)
        guard version <= known else { throw .newer(path: path, version: version, known: known) }
        guard version == known else { throw .older(path: path, version: version, known: known) }
        guard let volume = VolumeDescription(json: row[0].text(2)) else {
            throw .damaged(path: path, "the description of the volume cannot be read")
        }
        return volume
    }

    // MARK: Errors

    /// Runs what PostgreSQL may refuse.
    func checked<Outcome>(_ body: () throws(PostgreSQLFailure) -> Outcome) throws(VolumeError) -> Outcome {
        do throws(PostgreSQLFailure) { return try body() } catch { throw failure(error) }
    }

    /// What a refusal means for whoever wants the volume.
    func failure(_ failure: PostgreSQLFailure) -> VolumeError {
        failure.state == "25006" ? .readOnly(path: path) : .database(path: path, failure.description)
    }

    /// Runs what the system may refuse.
    func system<Outcome>(_ body: () throws(Errno) -> Outcome) throws(VolumeError) -> Outcome {
        do throws(Errno) { return try body() } catch { throw .system(path: path, error) }
    }
}
