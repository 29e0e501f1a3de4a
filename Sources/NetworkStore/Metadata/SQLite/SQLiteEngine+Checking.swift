internal import RingFUSE
public import SystemPackage

extension SQLiteEngine {
    /// Looks through the whole volume for what does not fit together. Others may change it meanwhile: it looks at one
    /// state of it, and keeps the log from starting anew for as long as that takes.
    ///
    /// - Returns: what it has found, up to a thousand; nothing in a volume that is sound.
    public func check() async throws(Errno) -> [Inconsistency] {
        let (readers, status) = (readers, status)
        let result: Result<[Inconsistency], Errno>
        result = try await DedicatedThread.run(name: "ringfuse-fsck") {
            do throws(Errno) {
                return .success(
                    try readers.read { (database) throws(Errno) in
                        var check = ConsistencyCheck(database)
                        do throws(SQLiteFailure) {
                            try database.inOneState { () throws(SQLiteFailure) in try check.run() }
                        } catch {
                            status.report(error)
                            throw error.errno
                        }
                        return check.findings
                    })
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension Statement: ResultRow {}

extension Database: ScannedDatabase {
    /// What encryption adds.
    var inlineOverhead: Int { cipher.overhead }

    /// Runs something that sees one state of the database all the while.
    func inOneState(_ body: () throws(SQLiteFailure) -> Void) throws(SQLiteFailure) {
        try execute("BEGIN")
        defer { try? execute("ROLLBACK") }
        try body()
    }

    /// Runs a query.
    func forEachRow(_ query: String, _ body: (Statement) -> Bool) throws(SQLiteFailure) {
        let row = try prepare(query)
        while try row.next() {
            guard body(row) else { return }
        }
    }

    /// The bytes of text as a blob.
    func literal(_ text: String) -> String {
        "x'\(Hexadecimal.text(of: text.utf8))'"
    }

    /// What SQLite finds wrong with pages and indexes.
    func damage() throws(SQLiteFailure) -> [String] {
        let row = try prepare("PRAGMA integrity_check(10)")
        var texts: [String] = []
        while try row.next() { texts.append(row.text(0)) }
        return texts.filter { $0 != "ok" }
    }
}
