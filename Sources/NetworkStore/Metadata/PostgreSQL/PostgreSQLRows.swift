internal import CPostgreSQL
internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// What came back for one statement. Nothing of it changes, so that any thread may read it.
@safe
final class PostgreSQLRows: @unchecked Sendable {
    private let handle: OpaquePointer
    /// How many rows there are.
    let count: Int

    /// Owns a result.
    @unsafe
    init(_ handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
        count = Int(unsafe rpq_row_count(handle))
    }

    deinit { unsafe rpq_clear(handle) }

    /// What it is (`RPQ_ROWS` and so on).
    var kind: Int { Int(unsafe rpq_result_kind(handle)) }

    /// Rows that a statement without results has changed.
    var changedCount: Int { Int(unsafe rpq_changed_count(handle)) }

    /// What it says of an error.
    var failure: PostgreSQLFailure {
        PostgreSQLFailure(
            state: unsafe String(cString: rpq_result_state(handle)),
            unsafe String(cString: rpq_result_message(handle)))
    }

    /// A row of it.
    subscript(_ index: Int) -> Row {
        precondition(index >= 0 && index < count, "no such row")
        return Row(rows: self, index: Int32(index))
    }

    /// A row; keeps what it is of.
    @safe
    struct Row: ResultRow {
        fileprivate let rows: PostgreSQLRows
        fileprivate let index: Int32

        /// A number; 0 for nothing.
        func int64(_ column: Int32) -> Int64 { unsafe rpq_int64(rows.handle, index, column) }

        /// A number.
        func uint64(_ column: Int32) -> UInt64 { UInt64(bitPattern: int64(column)) }

        /// A number, cut to 32 bits.
        func uint32(_ column: Int32) -> UInt32 { UInt32(truncatingIfNeeded: int64(column)) }

        /// Whether there is nothing in it (`NULL`).
        func isNothing(_ column: Int32) -> Bool { unsafe rpq_is_null(rows.handle, index, column) != 0 }

        /// Bytes; none for nothing.
        func bytes(_ column: Int32) -> ContiguousArray<UInt8> {
            let start = unsafe rpq_bytes(rows.handle, index, column)
            let count = Int(unsafe rpq_length(rows.handle, index, column))
            return unsafe ContiguousArray(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
        }

        /// Bytes as a name.
        func name(_ column: Int32) -> StoredName { StoredName(Name(bytes(column).span)) }

        /// Text.
        func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

        /// A time out of two columns: seconds and nanoseconds.
        func time(_ column: Int32) -> Timestamp {
            Timestamp(seconds: int64(column), nanoseconds: uint32(column + 1))
        }

        /// A node out of the columns of ``SQL/nodeColumns``.
        ///
        /// - Parameter first: the first of them.
        func node(from first: Int32 = 0) -> NodeRow {
            var attributes = Attributes(
                node: NodeID(uint64(first)),
                mode: NodeMode(rawValue: uint32(first + 1)),
                size: uint64(first + 5),
                linkCount: uint32(first + 4),
                userID: uint32(first + 2),
                groupID: uint32(first + 3)
            )
            attributes.device = uint32(first + 7)
            attributes.accessTime = time(first + 13)
            attributes.modificationTime = time(first + 15)
            attributes.changeTime = time(first + 17)
            var node = NodeRow(attributes: attributes, birthTime: time(first + 19))
            node.allocated = uint64(first + 6)
            node.flags = InodeFlags(rawValue: uint32(first + 8))
            node.marks = NodeRow.Marks(rawValue: uint32(first + 9))
            node.version = uint64(first + 10)
            node.parent = NodeID(uint64(first + 11))
            node.nextCookie = uint64(first + 12)
            node.quota = NodeID(uint64(first + 21))
            return node
        }

        /// An extent out of offset, length, object, offset in it, and bytes.
        ///
        /// - Parameters:
        ///   - cipher: decrypts the bytes.
        ///   - mayBeUnknown: whether zeros will do for them where there is no key.
        /// - Throws: `EIO` where it is none: the database is damaged. `ENOKEY`.
        func extent(_ cipher: InlineCipher, mayBeUnknown: Bool) throws(Errno) -> Extent {
            let place: Extent.Place
            if int64(2) != 0 {
                place = .object(uint64(2), offset: uint64(3))
            } else if isNothing(4) {
                place = .zeros
            } else {
                place = .inline(try cipher.open(bytes(4), mayBeUnknown: mayBeUnknown))
            }
            let extent = Extent(offset: uint64(0), length: uint64(1), place: place)
            do throws(Errno) { try extent.check() } catch { throw .ioError }
            return extent
        }
    }
}

extension PostgreSQLParameters {
    /// Adds all columns of a node, in the order of ``SQL/nodeColumns``.
    mutating func add(_ node: NodeRow) {
        let attributes = node.attributes
        add(node.id)
        for value in [attributes.mode.rawValue, attributes.userID, attributes.groupID, attributes.linkCount] {
            add(value)
        }
        add(attributes.size)
        add(node.allocated)
        for value in [attributes.device, node.flags.rawValue, node.marks.rawValue] { add(value) }
        add(node.version)
        add(node.parent)
        add(node.nextCookie)
        for time in [attributes.accessTime, attributes.modificationTime, attributes.changeTime, node.birthTime] {
            add(time)
        }
        add(node.quota)
    }
}
