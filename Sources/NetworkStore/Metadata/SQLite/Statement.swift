internal import CSQLite
internal import RingFUSE
internal import SystemPackage

/// A prepared statement: bound, stepped through, reset, as often as wished.
///
/// Belongs to the connection that it was made by, and to who uses that.
@safe
final class Statement {
    private let handle: OpaquePointer
    /// Makes a failure of a code, and tells of it.
    private let failed: (Int32) -> SQLiteFailure

    /// Owns a statement.
    @unsafe
    init(_ handle: OpaquePointer, failed: @escaping (Int32) -> SQLiteFailure) {
        unsafe self.handle = unsafe handle
        self.failed = failed
    }

    deinit { unsafe sqlite3_finalize(handle) }

    // MARK: Running

    /// Goes to the next row.
    ///
    /// - Returns: whether there is one.
    func next() throws(SQLiteFailure) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failed(code) }
        return false
    }

    /// The text that it gives first; `nil` where it gives no row.
    func firstText() throws(SQLiteFailure) -> String? {
        defer { reset() }
        return try next() ? text(0) : nil
    }

    /// Goes to the next row.
    ///
    /// - Returns: whether there is one.
    /// - Throws: `ENOSPC`, `EROFS`, `EIO`; what SQLite says of it has been reported.
    @inline(__always)
    func step() throws(Errno) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failed(code).errno }
        return false
    }

    /// Runs a statement that gives no rows, and makes it ready for its next use.
    ///
    /// - Throws: as ``step()``.
    func run() throws(Errno) {
        defer { reset() }
        _ = try step()
    }

    /// Makes it ready for its next use, and ends the transaction that it is, if it is one. What was bound stays.
    func reset() { unsafe sqlite3_reset(handle) }

    // MARK: Binding: parameters count from 1

    /// Binds a number.
    func bind(_ index: Int32, _ value: Int64) {
        // Fails for an index that there is not, which is a mistake in a statement's text.
        let code = unsafe sqlite3_bind_int64(handle, index, value)
        assert(code == SQLITE_OK, "no such parameter, or a statement that was not reset")
    }

    /// Binds a number: its bits, where it is larger than what SQLite has.
    func bind(_ index: Int32, _ value: UInt64) { bind(index, Int64(bitPattern: value)) }

    /// Binds a number.
    func bind(_ index: Int32, _ value: UInt32) { bind(index, Int64(value)) }

    /// Binds a node's number.
    func bind(_ index: Int32, _ node: NodeID) { bind(index, node.rawValue) }

    /// Binds nothing (`NULL`).
    func bindNothing(_ index: Int32) { unsafe sqlite3_bind_null(handle, index) }

    /// Binds a copy of bytes.
    func bind(_ index: Int32, _ bytes: ContiguousArray<UInt8>) {
        let code = unsafe bytes.withUnsafeBytes { bytes in
            // Of no bytes at all there may be no address, which would bind NULL.
            unsafe rfuse_sqlite_bind_copy(handle, index, bytes.baseAddress ?? Self.noBytes, Int32(bytes.count))
        }
        assert(code == SQLITE_OK, "no such parameter, or no memory")
    }

    /// Binds text.
    func bind(_ index: Int32, _ text: String) {
        var text = text
        let code = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                unsafe rfuse_sqlite_bind_text(handle, index, text.baseAddress, Int32(text.count))
            }
        }
        assert(code == SQLITE_OK, "no such parameter, or no memory")
    }

    /// Binds bytes where they are, while `body` runs.
    func withBound<Result>(
        _ index: Int32,
        _ name: borrowing Name,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let bytes = name.bytes
        return try unsafe bytes.withUnsafeBufferPointer { buffer throws(Errno) in
            let address = unsafe UnsafeRawPointer(buffer.baseAddress) ?? Self.noBytes
            unsafe rfuse_sqlite_bind_borrowed(handle, index, address, Int32(buffer.count))
            defer {
                reset()
                unsafe sqlite3_bind_null(handle, index)
            }
            return try body()
        }
    }

    /// An address for no bytes.
    private static var noBytes: UnsafeRawPointer { unsafe UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped }

    // MARK: Columns of a row: they count from 0

    /// A number; 0 for nothing.
    @inline(__always)
    func int64(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// A number.
    @inline(__always)
    func uint64(_ column: Int32) -> UInt64 { UInt64(bitPattern: int64(column)) }

    /// A number, cut to 32 bits.
    @inline(__always)
    func uint32(_ column: Int32) -> UInt32 { UInt32(truncatingIfNeeded: int64(column)) }

    /// Whether there is nothing in it (`NULL`).
    func isNothing(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// Bytes; none for nothing.
    func bytes(_ column: Int32) -> ContiguousArray<UInt8> {
        // In this order: asking for the bytes may convert, and the count is of what was converted.
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe ContiguousArray(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Bytes as a name.
    func name(_ column: Int32) -> StoredName {
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
        return unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
            StoredName(Name(unsafe Span(_unsafeElements: bytes)))
        }
    }

    /// Text.
    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }
}
