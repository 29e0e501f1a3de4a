internal import FileSystems
public import RingFUSE
public import SystemPackage

// What is read: each is one statement, so one state of the database. Nothing is at hand without asking the server.

extension PostgreSQLEngine {
    /// A node by its number.
    public func node(_ id: NodeID) async throws(Errno) -> NodeRecord { try await row(of: id).record }

    /// Has to be waited for.
    public func nodeImmediately(_ id: NodeID) -> Immediate<NodeRecord> { .deferred }

    /// A node.
    ///
    /// - Throws: `ESTALE`.
    func row(of id: NodeID) async throws(Errno) -> NodeRow {
        let rows = try await readers.read(.node, Self.parameters(id))
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        return rows[0].node()
    }

    private static func parameters(_ id: NodeID) -> PostgreSQLParameters {
        PostgreSQLParameters(Int64(bitPattern: id.rawValue))
    }

    /// Checks that a mode that was read is a directory's.
    ///
    /// - Throws: `ENOTDIR`.
    private static func checkIsDirectory(_ mode: UInt32) throws(Errno) {
        guard NodeMode(rawValue: mode).type == .directory else { throw .notDirectory }
    }

    /// The node that a name leads to.
    public func lookUp(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord? {
        if name.isDotOrDotDot { return try await lookUpDots(name.count, in: directory) }
        // Too long a name is told of a directory only.
        let isTooLong = name.count > NodeRow.longestName
        var parameters = Self.parameters(directory)
        parameters.add(isTooLong ? [] : StoredName(name).bytes)
        let rows = try await readers.read(.lookUp, parameters)
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        try Self.checkIsDirectory(rows[0].uint32(SQL.nodeColumnCount))
        guard !isTooLong else { throw .fileNameTooLong }
        return rows[0].isNothing(0) ? nil : rows[0].node().record
    }

    /// What `.` (one dot) and `..` (two) stand for.
    private func lookUpDots(_ count: Int, in directory: NodeID) async throws(Errno) -> NodeRecord {
        // `.` is asked of nodes of any type.
        guard count == 2 else { return try await node(directory) }
        let rows = try await readers.read(.parent, Self.parameters(directory))
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        try Self.checkIsDirectory(rows[0].uint32(SQL.nodeColumnCount))
        guard !rows[0].isNothing(0) else { throw .noSuchFileOrDirectory }
        return rows[0].node().record
    }

    /// Has to be waited for.
    public func lookUpImmediately(_ name: Name, in directory: NodeID) -> Immediate<NodeRecord?> { .deferred }

    /// Where a symbolic link leads to.
    public func target(of link: NodeID) async throws(Errno) -> StoredName {
        let rows = try await readers.read(.target, Self.parameters(link))
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        guard !rows[0].isNothing(0) else { throw .invalidArgument }
        return rows[0].name(0)
    }

    /// Names of a directory in the order of their cookies, which begin at 3.
    public func names(in directory: NodeID, after cookie: UInt64, limit: Int) async throws(Errno) -> [NameRecord] {
        var parameters = Self.parameters(directory)
        parameters.add(Int64(clamping: cookie))
        parameters.add(Int64(max(0, limit)))
        let rows = try await readers.read(.names, parameters)
        guard rows.count > 0 else { throw .staleNFSFileHandle }
        let column = SQL.nodeColumnCount
        try Self.checkIsDirectory(rows[0].uint32(column + 2))
        // One row without a name stands for none.
        guard !rows[0].isNothing(column + 1) else { return [] }
        return (0..<rows.count).map { index in
            let row = rows[index]
            return NameRecord(name: row.name(column), cookie: row.uint64(column + 1), node: row.node().record)
        }
    }

    /// Where the bytes of a file are.
    public func extents(of file: NodeID, in range: Range<UInt64>) async throws(Errno) -> [Extent] {
        let range = range.clamped(to: 0..<NodeRow.largestSize)
        var parameters = Self.parameters(file)
        parameters.add(range.lowerBound)
        parameters.add(range.upperBound)
        let rows = try await readers.read(.extents, parameters)
        guard rows.count > 0 else { throw .staleNFSFileHandle }
        guard !rows[0].isNothing(0) else { return [] }
        var extents: [Extent] = []
        for index in 0..<rows.count {
            let extent = try rows[index].extent(session.cipher, mayBeUnknown: false)
            // The first one may end before the range.
            if extent.range.overlaps(range) { extents.append(extent) }
        }
        return extents
    }

    /// Extents of all files.
    public func scanExtents(
        after position: ExtentPosition,
        limit: Int,
        unchangedSince time: Int64
    ) async throws(Errno) -> [ScannedExtent] {
        var parameters = Self.parameters(position.file)
        parameters.add(position.offset)
        parameters.add(Int64(max(0, limit)))
        parameters.add(time)
        let rows = try await readers.read(.scanExtents, parameters)
        return (0..<rows.count).map { index in
            let row = rows[index]
            return ScannedExtent(
                row.int64(5) == 0 ? try? row.extent(session.cipher, mayBeUnknown: false) : nil, at: row.uint64(0),
                of: NodeID(row.uint64(6)), version: row.uint64(7), use: (row.uint64(8), row.uint64(9)))
        }
    }

    /// How an object is laid out.
    public func object(_ number: ObjectNumber) async throws(Errno) -> ObjectRecord {
        let rows = try await readers.read(.object, PostgreSQLParameters(Int64(bitPattern: number)))
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        return Self.object(rows[0])
    }

    private static func object(_ row: PostgreSQLRows.Row) -> ObjectRecord {
        ObjectRecord(number: row.uint64(0), length: row.uint64(1), layout: row.bytes(2))
    }

    /// Objects that extents refer to.
    public func objects(after number: ObjectNumber, limit: Int) async throws(Errno) -> [ObjectRecord] {
        let rows = try await readers.read(
            .objectsAfter, PostgreSQLParameters(Int64(clamping: number), Int64(max(0, limit))))
        return (0..<rows.count).map { Self.object(rows[$0]) }
    }

    /// An extended attribute.
    public func extendedAttribute(
        _ name: StoredName,
        of node: NodeID
    ) async throws(Errno) -> ContiguousArray<UInt8> {
        var parameters = Self.parameters(node)
        parameters.add(name.bytes)
        let rows = try await readers.read(.attribute, parameters)
        guard rows.count == 1 else { throw .staleNFSFileHandle }
        guard !rows[0].isNothing(0) else { throw .noData }
        return rows[0].bytes(0)
    }

    /// The names of a node's extended attributes.
    public func extendedAttributeNames(of node: NodeID) async throws(Errno) -> [StoredName] {
        let rows = try await readers.read(.attributeNames, Self.parameters(node))
        guard rows.count > 0 else { throw .staleNFSFileHandle }
        return (0..<rows.count).compactMap { rows[$0].isNothing(0) ? nil : rows[$0].name(0) }
    }

    /// How much there is in the volume.
    public func usage() async throws(Errno) -> VolumeUsage {
        let rows = try await readers.read(.usage)
        guard rows.count == 1 else { throw .ioError }
        return VolumeUsage(
            bytes: UInt64(clamping: rows[0].int64(0)), nodes: UInt64(clamping: rows[0].int64(1)),
            garbageBytes: UInt64(clamping: rows[0].int64(2)))
    }

    /// Objects that no extent refers to.
    public func garbage(limit: Int) async throws(Errno) -> [ObjectNumber] {
        let rows = try await readers.read(.garbage, PostgreSQLParameters(Int64(max(0, limit))))
        return (0..<rows.count).map { rows[$0].uint64(0) }
    }
}
