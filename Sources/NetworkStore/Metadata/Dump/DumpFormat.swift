internal import FoundationEssentials
internal import RingFUSE

// A dump is lines of JSON: a header, an array for each row (the table's name, then its columns, bytes in Base64), and a trailer
// by which is known that nothing is missing or changed. `docs/network-store.md` tells users so.

/// The first line of a dump.
struct DumpHeader: Codable, Sendable {
    /// What this program writes.
    static let version = 2

    /// The version of the format.
    var dump: Int
    /// What the volume was formatted as.
    var volume: VolumeDescription
    /// The number of the next node.
    var nextNode: UInt64
    /// The number of the next object.
    var nextObject: UInt64
}

/// The last line of a dump.
struct DumpTrailer: Codable, Sendable, Hashable {
    /// Rows that there were.
    var rows: UInt64
    /// The SHA-256 of all lines before, in hexadecimal digits.
    var sha256: String
}

/// A row's line.
struct DumpRow: Sendable, Hashable {
    /// Where it belongs.
    let table: DumpTable
    /// Its columns.
    let values: [DumpValue]

    /// The line without its end.
    var line: String {
        let fields = values.map { value in
            switch value {
            case .number(let number): "\(number)"
            case .bytes(let bytes): "\"\(Data(bytes).base64EncodedString())\""
            case .nothing: "null"
            }
        }
        return "[\"\(table.rawValue)\",\(fields.joined(separator: ","))]"
    }
}

extension DumpRow: Decodable {
    init(from decoder: any Decoder) throws {
        var fields = try decoder.unkeyedContainer()
        let name = try fields.decode(String.self)
        guard let table = DumpTable(rawValue: name) else {
            throw DecodingError.dataCorruptedError(
                in: fields, debugDescription: "there is no table '\(name.prefix(40))'")
        }
        self.table = table
        var values: [DumpValue] = []
        for column in table.columns {
            // Names in the trash say more than a name; the directory comes before them.
            let isHidden = table == .names && values.first == .number(Int64(NodeID.trash.rawValue))
            let longest = NodeRow.longestName + (isHidden ? TrashEntry.nameOverhead : 0)
            values.append(try Self.value(of: column, in: &fields, longestName: longest))
        }
        self.values = values
        guard fields.isAtEnd else {
            throw DecodingError.dataCorruptedError(
                in: fields, debugDescription: "a row of \(name) has too many columns")
        }
    }

    private static func value(
        of column: DumpTable.Column,
        in fields: inout any UnkeyedDecodingContainer,
        longestName: Int
    ) throws -> DumpValue {
        func wrong() -> any Error {
            DecodingError.dataCorruptedError(in: fields, debugDescription: "'\(column.name)' is not what it should be")
        }
        // What older dumps do not have.
        if let usual = column.usual, fields.isAtEnd { return .number(usual) }
        switch column.kind {
        case .number, .signed:
            let number = try fields.decode(Int64.self)
            guard number >= 0 || column.kind == .signed else { throw wrong() }
            return .number(number)
        case .optionalBytes where try fields.decodeNil(): return .nothing
        case .bytes, .optionalBytes, .name:
            guard let data = Data(base64Encoded: try fields.decode(String.self)) else { throw wrong() }
            let bytes = ContiguousArray(data)
            // What no directory can have would be a trap for whoever lists it.
            let isBad = bytes.isEmpty || bytes.count > longestName || bytes.contains(0) || bytes.contains(0x2f)
            guard column.kind != .name || !isBad && bytes != [0x2e] && bytes != [0x2e, 0x2e] else { throw wrong() }
            return .bytes(bytes)
        }
    }
}
