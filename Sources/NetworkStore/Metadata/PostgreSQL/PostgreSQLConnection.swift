internal import CPostgreSQL
internal import Glibc
internal import SystemPackage

/// A connection to PostgreSQL. Statements are sent many at a time, and their results taken after that (libpq's pipeline), so that
/// what is asked together costs one round trip.
///
/// Not thread-safe: whoever has it may use it on any thread, but on one at a time. Waits, so the thread should be its own.
@safe
final class PostgreSQLConnection: @unchecked Sendable {
    /// How long a server may take for an answer, in milliseconds, before it counts as gone. Locks of others are waited for, too,
    /// but no transaction may stay open for as long (`idle_in_transaction_session_timeout`).
    private static let patience = Duration.seconds(60)
    /// How often a wait is looked at, in milliseconds: the mount may be about to end.
    private static let sliceInMilliseconds: Int32 = 250
    /// The oldest server that has what is used here.
    private static let oldestServer: Int32 = 130_000

    /// What is said where the URL says nothing else. A peer that is gone without a word is noticed within half a minute.
    private static let usualOptions = [
        ("fallback_application_name", "ringfuse"), ("connect_timeout", "10"), ("client_encoding", "UTF8"),
        ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "30000"),
    ]

    private let handle: OpaquePointer
    /// Statements that were sent, and whose results are not taken.
    private var sentCount = 0
    /// By how much small content is longer in the database than in its file; what encryption adds, for who checks that.
    var inlineOverhead = 0
    /// How long the mount has patience with the server once it is to end.
    var ending: PostgreSQLPatience?
    /// For how long the last wait has had no answer; in steps.
    private(set) var silence = Duration.zero
    /// Round trips that were made.
    private(set) var roundTrips = 0

    /// Connects, and waits for that.
    ///
    /// - Parameters:
    ///   - statements: are prepared; their texts must hold for the schema.
    ///   - settings: parameters of the server's for this connection.
    ///   - ending: how long the mount has patience with the server once it is to end.
    init(
        _ location: PostgreSQLLocation,
        preparing statements: [PostgreSQLStatement] = [],
        _ settings: [(String, String)] = [],
        _ ending: PostgreSQLPatience? = nil
    ) throws(PostgreSQLFailure) {
        if let reason = unsafe rpq_load() { throw .broken(unsafe String(cString: reason)) }
        let options = Self.usualOptions + [("dbname", location.uri)]
        let keywords: [UnsafePointer<CChar>?] = unsafe options.map { unsafe UnsafePointer(strdup($0.0)) } + [nil]
        let values: [UnsafePointer<CChar>?] = unsafe options.map { unsafe UnsafePointer(strdup($0.1)) } + [nil]
        defer { unsafe (keywords + values).forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
        guard let handle = unsafe rpq_connect(keywords, values) else { throw .broken("no memory for a connection") }
        unsafe self.handle = unsafe handle
        self.ending = ending
        guard unsafe rpq_is_good(handle) != 0, unsafe rpq_enter_pipeline(handle) == 0 else { throw lastFailure }
        guard unsafe rpq_server_version(handle) >= Self.oldestServer else {
            throw PostgreSQLFailure(state: "0A000", "the server is too old: PostgreSQL 13 or later is needed")
        }
        let all = [("search_path", location.schema)] + settings
        try send(text: "SELECT " + all.map { "set_config('\($0)', '\($1)', false)" }.joined(separator: ", "))
        for statement in statements { try prepare(statement) }
        try exchange()
    }

    deinit { unsafe rpq_close(handle) }

    /// Whether it is usable, as far as is known.
    var isGood: Bool { unsafe rpq_is_good(handle) != 0 }

    /// What the library says, in one line: nothing of what it says holds a password.
    private var lastFailure: PostgreSQLFailure {
        let text = unsafe String(cString: rpq_error(handle))
        let line = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == "\t" || $0 == " " } }.joined(
            separator: "; ")
        return .broken(line.isEmpty ? "the connection is gone" : line)
    }

    /// Throws where the library has refused something.
    private func check(_ result: Int32) throws(PostgreSQLFailure) {
        guard result == 0 else { throw lastFailure }
    }

    // MARK: Statements

    /// Prepares a statement, by what is sent next.
    func prepare(_ statement: PostgreSQLStatement) throws(PostgreSQLFailure) {
        try check(unsafe rpq_send_prepare(handle, statement.name, statement.text))
        sentCount += 1
    }

    /// Sends a prepared statement.
    func send(
        _ statement: PostgreSQLStatement,
        _ parameters: PostgreSQLParameters = PostgreSQLParameters()
    ) throws(PostgreSQLFailure) {
        let result = unsafe parameters.bytes.withUnsafeBufferPointer { bytes in
            unsafe parameters.lengths.withUnsafeBufferPointer { lengths in
                unsafe rpq_send_prepared(
                    handle, statement.name, Int32(lengths.count), bytes.baseAddress, lengths.baseAddress)
            }
        }
        try check(result)
        sentCount += 1
    }

    /// Sends a statement that is used once.
    func send(text: String) throws(PostgreSQLFailure) {
        try check(unsafe rpq_send_text(handle, text))
        sentCount += 1
    }

    /// Ends what was sent, and waits for all results: one round trip.
    ///
    /// - Returns: a result for each statement, in their order.
    /// - Throws: what the first failed with; none of those after it was done then.
    @discardableResult
    func exchange() throws(PostgreSQLFailure) -> [PostgreSQLRows] {
        let count = try endPart()
        roundTrips += 1
        return try results(ofPart: count)
    }

    /// Ends what was sent, and sends more, which the server does whatever becomes of the first part: one round trip for both.
    ///
    /// - Returns: what the second part failed with.
    /// - Throws: what the first part failed with.
    func exchange(
        then more: () throws(PostgreSQLFailure) -> Void
    ) throws(PostgreSQLFailure) -> PostgreSQLFailure? {
        let first = try endPart()
        try more()
        let second = try endPart()
        roundTrips += 1
        do throws(PostgreSQLFailure) {
            _ = try results(ofPart: first)
        } catch {
            // The results of the second are to be read before anything else is sent.
            if !error.isBroken { _ = try? results(ofPart: second) }
            throw error
        }
        do throws(PostgreSQLFailure) {
            _ = try results(ofPart: second)
            return nil
        } catch {
            return error
        }
    }

    /// Ends what was sent since the last end.
    ///
    /// - Returns: how many statements that was.
    private func endPart() throws(PostgreSQLFailure) -> Int {
        defer { sentCount = 0 }
        try check(unsafe rpq_send_sync(handle))
        return sentCount
    }

    /// Waits for the results of a part, in the order in which parts were ended.
    ///
    /// - Throws: what the first failed with; none of those after it was done then.
    private func results(ofPart count: Int) throws(PostgreSQLFailure) -> [PostgreSQLRows] {
        var results: [PostgreSQLRows] = []
        results.reserveCapacity(count)
        var failure: PostgreSQLFailure?
        for _ in 0..<count {
            guard let result = try next() else { throw lastFailure }
            switch result.kind {
            case Int(RPQ_FAILED): failure = failure ?? result.failure
            case Int(RPQ_SKIPPED): break
            case Int(RPQ_SYNC): throw failure ?? .broken("the server has answered less than it was asked")
            default: results.append(result)
            }
            // The end of this statement's results.
            guard try next() == nil else { throw .broken("the server has answered more than it was asked") }
        }
        guard let end = try next(), end.kind == Int(RPQ_SYNC) else {
            throw failure ?? .broken("the server has answered more than it was asked")
        }
        if let failure { throw failure }
        return results
    }

    /// Sends a statement, and waits for its result.
    func run(
        _ statement: PostgreSQLStatement,
        _ parameters: PostgreSQLParameters = PostgreSQLParameters()
    ) throws(PostgreSQLFailure) -> PostgreSQLRows {
        try send(statement, parameters)
        return try exchange()[0]
    }

    /// Sends a statement that is used once, and waits for its result.
    @discardableResult
    func run(text: String) throws(PostgreSQLFailure) -> PostgreSQLRows {
        try send(text: text)
        return try exchange()[0]
    }

    /// The next result; `nil` at the end of those of one statement.
    private func next() throws(PostgreSQLFailure) -> PostgreSQLRows? {
        try wait()
        guard let result = unsafe rpq_next_result(handle) else {
            guard isGood else { throw lastFailure }
            return nil
        }
        return unsafe PostgreSQLRows(result)
    }

    /// Waits until a result is there.
    private func wait() throws(PostgreSQLFailure) {
        silence = .zero
        while true {
            switch unsafe rpq_wait(handle, Self.sliceInMilliseconds) {
            case Int32(RPQ_READY): return silence = .zero
            case Int32(RPQ_TIMEOUT): silence += .milliseconds(Self.sliceInMilliseconds)
            default: throw lastFailure
            }
            guard silence < Self.patience, ending?.hasRunOut(after: silence) != true else {
                throw .broken("the server has not answered for \(silence.components.seconds) s")
            }
        }
    }

    // MARK: Notifications

    /// Waits until the server says something by itself.
    ///
    /// - Parameters:
    ///   - wake: a descriptor that ends the wait when it can be read.
    ///   - milliseconds: the longest wait.
    /// - Returns: the texts of notifications that have come; `nil` where it was woken.
    func waitForNotifications(wake: Int32, milliseconds: Int32) throws(PostgreSQLFailure) -> [String]? {
        let result = unsafe rpq_wait_for_notice(handle, wake, milliseconds)
        guard result != Int32(RPQ_BROKEN), isGood else { throw lastFailure }
        guard result != Int32(RPQ_WOKEN) else { return nil }
        var notifications: [String] = []
        while let text = unsafe rpq_next_notification(handle) {
            notifications.append(unsafe String(cString: text))
            unsafe rpq_free(text)
        }
        return notifications
    }
}
