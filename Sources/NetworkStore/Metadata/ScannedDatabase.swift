/// A row that a query has given. Columns count from 0.
protocol ResultRow {
    /// A number, by its bits.
    func uint64(_ column: Int32) -> UInt64
    /// Text, or bytes as text.
    func text(_ column: Int32) -> String
    /// Bytes; none for nothing.
    func bytes(_ column: Int32) -> ContiguousArray<UInt8>
    /// Whether there is nothing in it (`NULL`).
    func isNothing(_ column: Int32) -> Bool
}

/// A database that is looked through: one state of it, all the while.
protocol ScannedDatabase: AnyObject {
    /// Why a query has failed.
    associatedtype Failure: Error
    /// What it gives.
    associatedtype Row: ResultRow

    /// Bytes by which small content is longer in its table than in its file.
    var inlineOverhead: Int { get }

    /// Runs a query, and has each row looked at until `body` returns `false`.
    func forEachRow(_ query: String, _ body: (Row) -> Bool) throws(Failure)

    /// The bytes of ASCII text as the database's SQL has them.
    func literal(_ text: String) -> String

    /// What the database itself says of its being damaged.
    func damage() throws(Failure) -> [String]
}
