/// The tables of a volume that a dump has, with their columns in its order. Sessions are left out: they end with their mounts.
///
/// All engines name tables and columns alike.
enum DumpTable: String, CaseIterable, Sendable {
    case nodes
    case names
    case unlinked
    case attributes
    case extents
    case objects
    case pending
    case quotas

    /// A column.
    struct Column: Sendable {
        /// What may be in it.
        enum Kind: Sendable {
            /// A number, which is not negative.
            case number
            /// A number.
            case signed
            /// A name, as directories have them.
            case name
            /// Bytes.
            case bytes
            /// Bytes, or nothing.
            case optionalBytes
        }

        /// Its name in SQL.
        let name: String
        /// What may be in it.
        let kind: Kind
        /// What dumps stand for that are too old to have it.
        let usual: Int64?

        fileprivate init(_ name: String, _ kind: Kind = .number, usual: Int64? = nil) {
            self.name = name
            self.kind = kind
            self.usual = usual
        }
    }

    /// Columns in the order of dumps, which stays as it is for ever but for more at its end: a dump of today is to be loaded by what comes later.
    var columns: [Column] {
        switch self {
        case .nodes:
            [
                "id", "mode", "uid", "gid", "links", "size", "allocated", "device", "flags", "marks", "version",
                "parent",
                "next_cookie",
            ].map { Column($0) }
                + ["atime", "mtime", "ctime", "btime"].flatMap { [Column($0, .signed), Column("\($0)_ns")] }
                + [Column("target", .optionalBytes), Column("quota", usual: 0)]
        case .names: [Column("dir"), Column("name", .name), Column("cookie"), Column("node")]
        case .unlinked: [Column("node")]
        case .attributes: [Column("node"), Column("name", .bytes), Column("value", .bytes)]
        case .extents:
            [
                Column("node"), Column("\"offset\""), Column("length"), Column("object"), Column("object_offset"),
                Column("data", .optionalBytes),
            ]
        case .objects:
            [
                Column("number"), Column("length"), Column("layout", .bytes), Column("extents"), Column("live"),
                Column("freed"),
            ]
        case .pending: [Column("number")]
        case .quotas:
            [
                Column("directory"), Column("outer_quota"), Column("byte_limit", .signed),
                Column("node_limit", .signed), Column("bytes"), Column("nodes"), Column("complete"),
            ]
        }
    }

    /// The columns as SQL lists them.
    var columnList: String { columns.map(\.name).joined(separator: ", ") }

    /// Columns that say which session a row is of. Those of a dump are of none any more.
    private var sessionColumns: [String] {
        switch self {
        case .unlinked: ["session", "linkable"]
        case .pending: ["session"]
        default: []
        }
    }

    /// How a row is inserted.
    ///
    /// - Parameter values: as SQL has them, for each column of the dump.
    func insertion(of rows: [[String]]) -> String {
        let names = columns.map(\.name) + sessionColumns
        let tuples = rows.map { row in "(\((row + sessionColumns.map { _ in "0" }).joined(separator: ", ")))" }
        return "INSERT INTO \(rawValue) (\(names.joined(separator: ", "))) VALUES \(tuples.joined(separator: ", "))"
    }
}

/// What a column of a row holds.
enum DumpValue: Sendable, Hashable {
    /// A number.
    case number(Int64)
    /// Bytes.
    case bytes(ContiguousArray<UInt8>)
    /// `NULL`.
    case nothing
}
