internal import CNetworkStore
internal import CSQLite
internal import SystemPackage

/// A connection to a SQLite database, with its prepared statements.
///
/// Not thread-safe: whoever has it may use it on any thread, but on one at a time.
@safe
final class Database: @unchecked Sendable {
    /// How a connection is opened.
    enum Access: Sendable {
        /// Makes the file, which must not be there.
        case create
        /// Reads and writes a file that is there.
        case write
        /// Reads a file that is there.
        case read
        /// Reads a file that nobody can change: without a lock and without the files beside it.
        case frozen
    }

    /// How long one waits for another connection's lock, in milliseconds. Only who takes a volume away makes one wait.
    private static let patienceInMilliseconds: Int32 = 10_000

    private let handle: OpaquePointer
    private let report: FailureReport
    /// What small content is encrypted with, once it is known.
    let cipher: InlineCipher
    /// Whether it is a connection that changes things.
    let isWriting: Bool
    /// By ``SQL/rawValue``.
    private var statements: ContiguousArray<Statement?>

    /// Opens a database.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - cipher: what small content is encrypted with.
    ///   - report: told of each statement that fails.
    init(
        _ path: String,
        _ access: Access,
        cipher: InlineCipher = InlineCipher(isEncrypted: false),
        report: @escaping FailureReport = { _ in }
    ) throws(SQLiteFailure) {
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI
        switch access {
        case .create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .write: flags |= SQLITE_OPEN_READWRITE
        case .read, .frozen: flags |= SQLITE_OPEN_READONLY
        }
        var opened: OpaquePointer?
        let name = Self.name(of: path) + (access == .frozen ? "?immutable=1" : "")
        // Those that only read never write to the log.
        let vfs = unsafe access == .write ? rstore_sqlite_vfs() : nil
        let code = unsafe sqlite3_open_v2(name, &opened, flags, vfs)
        guard code == SQLITE_OK, let opened = unsafe opened else {
            let failure = unsafe Self.failure(code, opened)
            unsafe sqlite3_close_v2(opened)
            throw failure
        }
        unsafe handle = opened
        self.report = report
        self.cipher = cipher
        isWriting = access == .write
        statements = ContiguousArray(repeating: nil, count: SQL.allCases.count)
        unsafe sqlite3_busy_timeout(handle, Self.patienceInMilliseconds)
    }

    deinit {
        // Statements that are still there keep it open until they go: that is what `_v2` means.
        statements.removeAll()
        unsafe sqlite3_close_v2(handle)
    }

    /// A path as a URI, in which `?`, `#` and `%` would mean something else.
    private static func name(of path: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)
        var name = path.hasPrefix("/") ? "file://" : "file:"
        for byte in path.utf8 {
            if plain.contains(byte) {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                name += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return name
    }

    /// What has failed, by what the connection says of it.
    private static func failure(_ code: Int32, _ handle: OpaquePointer?) -> SQLiteFailure {
        let text = unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) }
        let general = unsafe String(cString: sqlite3_errstr(code))
        return SQLiteFailure(code: code, description: text.map { "\($0) (\(code))" } ?? general)
    }

    // MARK: Statements

    /// A statement, prepared at its first use.
    ///
    /// - Throws: `EIO` where the schema is not what it should be.
    func statement(_ sql: SQL) throws(Errno) -> Statement {
        if let statement = statements[sql.rawValue] { return statement }
        do throws(SQLiteFailure) {
            let statement = try prepare(sql.text)
            statements[sql.rawValue] = statement
            return statement
        } catch {
            report(error)
            throw error.errno
        }
    }

    /// Prepares a statement that is used once or by its owner.
    func prepare(_ text: String) throws(SQLiteFailure) -> Statement {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else { throw unsafe Self.failure(code, handle) }
        let (handle, report) = unsafe (handle, report)
        return unsafe Statement(prepared) { code in
            let failure = unsafe Self.failure(code, handle)
            report(failure)
            return failure
        }
    }

    /// Runs statements that give nothing.
    func execute(_ text: String) throws(SQLiteFailure) {
        let code = unsafe sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe Self.failure(code, handle) }
    }

    /// The number that a statement gives first; `nil` where it gives no row.
    func number(_ text: String) throws(SQLiteFailure) -> Int64? {
        let statement = try prepare(text)
        return try statement.next() ? statement.int64(0) : nil
    }

    // MARK: State

    /// Rows changed since it was opened.
    var changeCount: Int64 { unsafe sqlite3_total_changes64(handle) }

    /// Whether a transaction is open: SQLite ends one by itself after some failures.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Copies pages from the log into the database, as far as nobody is kept waiting.
    ///
    /// - Parameter resets: to wait for readers, and have the log start anew.
    /// - Returns: pages in the log, and those of them that are in the database now.
    func checkpoint(resets: Bool) throws(SQLiteFailure) -> (log: Int, done: Int) {
        var (log, done): (Int32, Int32) = (0, 0)
        let mode = resets ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = unsafe sqlite3_wal_checkpoint_v2(handle, "main", mode, &log, &done)
        guard code == SQLITE_OK || code & 0xff == SQLITE_BUSY else { throw unsafe Self.failure(code, handle) }
        return (Int(log), Int(done))
    }

    /// Sets how much memory the connection may take.
    ///
    /// - Parameters:
    ///   - cache: bytes of pages of its own.
    ///   - mapped: bytes of the file that it maps, which is the kernel's page cache.
    func configure(cache: Int, mapped: Int) throws(SQLiteFailure) {
        try execute(
            """
            PRAGMA synchronous = NORMAL;
            PRAGMA cache_size = -\(max(1, cache / 1024));
            PRAGMA temp_store = MEMORY
            """)
        // It gives a row.
        _ = try number("PRAGMA mmap_size = \(mapped)")
    }

    /// Has a number hold the pages in the log after each commit; without it, SQLite copies them by itself.
    ///
    /// - Parameter pages: is there until ``stopCountingLogPages()``.
    @unsafe
    func countLogPages(in pages: UnsafeMutablePointer<Int>) {
        _ = unsafe sqlite3_wal_hook(
            handle,
            { pages, _, _, count in
                unsafe pages?.assumingMemoryBound(to: Int.self).pointee = Int(count)
                return SQLITE_OK
            },
            pages)
    }

    /// Ends ``countLogPages(in:)``.
    func stopCountingLogPages() { _ = unsafe sqlite3_wal_hook(handle, nil, nil) }
}
