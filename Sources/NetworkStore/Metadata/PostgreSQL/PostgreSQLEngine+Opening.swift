internal import RingFUSE
internal import SystemPackage

// Making and opening volumes. All of it waits for the server, so it runs on a thread of its own.

extension PostgreSQLEngine {
    /// Makes a volume where there is none: a schema of its own.
    ///
    /// - Parameters:
    ///   - root: the permissions of its root.
    ///   - owner: the owner of its root.
    public static func format(
        _ location: PostgreSQLLocation,
        _ volume: VolumeDescription,
        root: UInt32 = 0o755,
        owner: Caller = Caller(userID: 0, groupID: 0)
    ) async throws(VolumeError) {
        try await blocking(location) { () throws(VolumeError) in
            try PostgreSQLVolume(location).make(volume, root: root, owner: owner)
        }
    }

    /// Opens a volume for writing, beside others who have it open.
    ///
    /// - Parameters:
    ///   - lease: how long this session may be silent before others end it.
    ///   - isAlone: whether to open it only where nobody else has.
    ///   - onFailure: told of failures of the database, in one line each, on any thread.
    public static func open(
        _ location: PostgreSQLLocation,
        lease: Duration = usualLease,
        isAlone: Bool = false,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(VolumeError) -> PostgreSQLEngine {
        try await open(
            location, lease: lease, isAlone: isAlone, patience: PostgreSQLSession.usualPatience, onFailure: onFailure)
    }

    /// The same; says how long operations wait for a server that cannot be reached, which tests have no time for.
    package static func open(
        _ location: PostgreSQLLocation,
        lease: Duration = usualLease,
        isAlone: Bool = false,
        patience: Duration,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(VolumeError) -> PostgreSQLEngine {
        try await blocking(location) { () throws(VolumeError) in
            try PostgreSQLVolume(location).open(lease, isAlone: isAlone, patience: patience) {
                onFailure("\(location): \($0)")
            }
        }
    }

    /// Opens a volume to look at it; what would change it throws `EROFS`.
    public static func openForReading(
        _ location: PostgreSQLLocation,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(VolumeError) -> PostgreSQLEngine {
        try await blocking(location) { () throws(VolumeError) in
            try PostgreSQLVolume(location).openForReading { onFailure("\(location): \($0)") }
        }
    }

    /// Removes a volume's schema.
    ///
    /// - Throws: ``VolumeError/inUse(path:by:mayForce:)`` where somebody has it mounted.
    public static func remove(_ location: PostgreSQLLocation) async throws(VolumeError) {
        try await blocking(location) { () throws(VolumeError) in try PostgreSQLVolume(location).remove() }
    }

    /// Runs what waits for the server.
    static func blocking<Outcome: Sendable>(
        _ location: PostgreSQLLocation,
        _ body: @escaping @Sendable () throws(VolumeError) -> Outcome
    ) async throws(VolumeError) -> Outcome {
        let result: Result<Outcome, VolumeError>
        do throws(Errno) {
            result = try await DedicatedThread.run(name: "ringfuse-open") {
                do throws(VolumeError) { return .success(try body()) } catch { return .failure(error) }
            }
        } catch {
            throw .system(path: location.description, error)
        }
        return try result.get()
    }
}

extension PostgreSQLVolume {
    /// Opens it for writing.
    func open(
        _ lease: Duration,
        isAlone: Bool,
        patience: Duration,
        _ say: @escaping @Sendable (String) -> Void
    ) throws(VolumeError) -> PostgreSQLEngine {
        let looking = try connect()
        let volume: VolumeDescription
        do throws(VolumeError) {
            volume = try description(looking)
        } catch .older {
            try migrate(looking)
            volume = try description(looking)
        }
        if isAlone { try checkIsFree(looking) }
        let draft = PostgreSQLSession(location, volume, epoch: 0, lease: lease, say)
        let (connection, epoch, numbers) = try checked { () throws(PostgreSQLFailure) in
            let connection = try PostgreSQLConnection(
                location, preparing: PostgreSQLStatement.writing, draft.writerSettings)
            let (epoch, numbers) = try begin(on: connection, lease: draft.leaseInMilliseconds)
            return (connection, epoch, numbers)
        }
        let session = PostgreSQLSession(location, volume, epoch: epoch, lease: lease, patience: patience, say)
        return try system { () throws(Errno) in
            let readers = try PostgreSQLReaders(session)
            let writer = try PostgreSQLWriter(session, connection, numbers)
            return PostgreSQLEngine(session, readers, writer, try PostgreSQLKeeper(session, writer))
        }
    }

    /// Begins a session: durably, for it takes numbers.
    ///
    /// - Returns: its number, and numbers for nodes and objects.
    private func begin(
        on connection: PostgreSQLConnection,
        lease: Int64
    ) throws(PostgreSQLFailure) -> (Int64, NumberRanges) {
        let own = SessionOwner.current(at: 0)
        let counts = RowCache.numbersAtOnce
        try connection.send(text: "BEGIN")
        try connection.send(text: "SET LOCAL synchronous_commit = on")
        // Waits for transactions under way, and those after it see this session: each change is told to who may have read
        // what was before.
        try connection.send(text: "LOCK TABLE sessions IN EXCLUSIVE MODE")
        try connection.send(text: "UPDATE counters SET epoch = epoch + 1 RETURNING epoch")
        try connection.send(.takeNumbers, PostgreSQLParameters(Int64(counts.nodes), Int64(counts.objects)))
        let results = try connection.exchange()
        guard results[3].count == 1, results[4].count == 1 else {
            throw PostgreSQLFailure(state: "XX001", "the counters of the volume are gone")
        }
        let epoch = results[3][0].int64(0)
        var parameters = PostgreSQLParameters(epoch)
        for text in [own.host, own.machine, own.boot] { parameters.add(text) }
        parameters.add(Int64(own.process))
        parameters.add(own.processStart)
        parameters.add(lease)
        try connection.send(.insertSession, parameters)
        try connection.send(text: "COMMIT")
        try connection.exchange()
        let rows = RowCache(connection, InlineCipher(isEncrypted: false))
        rows.take(results[4][0], nodes: counts.nodes, objects: counts.objects)
        return (epoch, rows.numbers)
    }

    /// Brings it to the newest version, while nobody has it open: programs that know the old one only do not count what the new one
    /// wants counted.
    ///
    /// - Throws: ``VolumeError/inUse(path:by:mayForce:)``.
    private func migrate(_ connection: PostgreSQLConnection) throws(VolumeError) {
        try checked { () throws(PostgreSQLFailure) in
            try connection.send(text: "BEGIN")
            try connection.send(text: "SET LOCAL synchronous_commit = on")
            try connection.send(text: "LOCK TABLE sessions IN EXCLUSIVE MODE")
            try connection.exchange()
        }
        try checkIsFree(connection)
        try checked { () throws(PostgreSQLFailure) in
            let rows = try connection.run(text: "SELECT version FROM volume FOR UPDATE")
            // Another may have done it meanwhile.
            for step in PostgreSQLSchema.steps.dropFirst(rows.count == 1 ? Int(rows[0].int64(0)) : 0) {
                for text in step { try connection.send(text: text) }
            }
            try connection.send(text: "UPDATE volume SET version = \(PostgreSQLSchema.version)")
            try connection.send(text: "COMMIT")
            try connection.exchange()
        }
    }

    /// Opens it to be read.
    func openForReading(_ say: @escaping @Sendable (String) -> Void) throws(VolumeError) -> PostgreSQLEngine {
        let volume = try description(try connect())
        let session = PostgreSQLSession(location, volume, epoch: 0, lease: PostgreSQLEngine.usualLease, say)
        return try system { () throws(Errno) in PostgreSQLEngine(session, try PostgreSQLReaders(session)) }
    }
}
