internal import RingFUSE
public import SystemPackage

extension PostgreSQLEngine {
    /// Looks through the whole volume for what does not fit together. Others may change it meanwhile: it looks at one
    /// state of it.
    ///
    /// - Returns: what it has found, up to a thousand; nothing in a volume that is sound.
    public func check() async throws(Errno) -> [Inconsistency] {
        let session = session
        let result: Result<[Inconsistency], Errno>
        result = try await DedicatedThread.run(name: "ringfuse-fsck") {
            do throws(PostgreSQLFailure) {
                // Large joins: the server is to plan them as it thinks best.
                let connection = try PostgreSQLConnection(session.location)
                try connection.run(text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                connection.inlineOverhead = session.cipher.overhead
                var check = ConsistencyCheck(connection)
                try check.run()
                try connection.run(text: "ROLLBACK")
                return .success(check.findings)
            } catch {
                session.say("cannot be checked: \(error)")
                return .failure(error.errno)
            }
        }
        return try result.get()
    }
}

extension PostgreSQLConnection: ScannedDatabase {
    /// What a query may fail with.
    typealias Failure = PostgreSQLFailure

    /// Runs a query, by a cursor: what it gives may not fit into memory.
    func forEachRow(_ query: String, _ body: (PostgreSQLRows.Row) -> Bool) throws(PostgreSQLFailure) {
        try run(text: "DECLARE ringfuse_rows NO SCROLL CURSOR FOR \(query)")
        var goesOn = true
        while goesOn {
            let rows = try run(text: "FETCH 1000 FROM ringfuse_rows")
            goesOn = rows.count > 0 && (0..<rows.count).allSatisfy { body(rows[$0]) }
        }
        try run(text: "CLOSE ringfuse_rows")
    }

    /// The bytes of text as the server's SQL has them.
    func literal(_ text: String) -> String { literal(ContiguousArray(text.utf8)) }

    /// Bytes as the server's SQL has them.
    func literal(_ bytes: ContiguousArray<UInt8>) -> String {
        "'\\x\(Hexadecimal.text(of: bytes))'::bytea"
    }

    /// The server has no check of its own that everybody may run.
    func damage() -> [String] { [] }
}
