internal import FileSystems
internal import RingFUSE
internal import SystemPackage

extension NodeRow {
    /// Reads the columns of ``SQL/nodeColumns`` from the row that a statement is at.
    init(_ row: Statement) {
        var attributes = Attributes(
            node: NodeID(row.uint64(0)),
            mode: NodeMode(rawValue: row.uint32(1)),
            size: row.uint64(5),
            linkCount: row.uint32(4),
            userID: row.uint32(2),
            groupID: row.uint32(3)
        )
        attributes.device = row.uint32(7)
        attributes.accessTime = row.time(13)
        attributes.modificationTime = row.time(15)
        attributes.changeTime = row.time(17)
        self.init(attributes: attributes, birthTime: row.time(19))
        allocated = row.uint64(6)
        flags = InodeFlags(rawValue: row.uint32(8))
        marks = Marks(rawValue: row.uint32(9))
        version = row.uint64(10)
        parent = NodeID(row.uint64(11))
        nextCookie = row.uint64(12)
        quota = NodeID(row.uint64(21))
    }

    /// Binds all of its columns, from the first parameter on.
    func bind(to statement: Statement) {
        statement.bind(1, id)
        statement.bind(2, attributes.mode.rawValue)
        statement.bind(3, attributes.userID)
        statement.bind(4, attributes.groupID)
        statement.bind(5, attributes.linkCount)
        statement.bind(6, attributes.size)
        statement.bind(7, allocated)
        statement.bind(8, attributes.device)
        statement.bind(9, flags.rawValue)
        statement.bind(10, marks.rawValue)
        statement.bind(11, version)
        statement.bind(12, parent)
        statement.bind(13, nextCookie)
        statement.bind(14, attributes.accessTime)
        statement.bind(16, attributes.modificationTime)
        statement.bind(18, attributes.changeTime)
        statement.bind(20, birthTime)
        statement.bind(22, quota)
    }
}

extension Statement {
    /// A time out of two columns: seconds and nanoseconds.
    func time(_ column: Int32) -> Timestamp {
        Timestamp(seconds: int64(column), nanoseconds: uint32(column + 1))
    }

    /// Binds a time to two parameters.
    func bind(_ index: Int32, _ time: Timestamp) {
        bind(index, time.seconds)
        bind(index + 1, time.nanoseconds)
    }

    /// An extent out of the columns of the row, from the first one on.
    ///
    /// - Parameters:
    ///   - cipher: decrypts the bytes of inline ones.
    ///   - mayBeUnknown: whether zeros will do for them where there is no key.
    /// - Throws: `EIO` where it is none: the database is damaged.
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
