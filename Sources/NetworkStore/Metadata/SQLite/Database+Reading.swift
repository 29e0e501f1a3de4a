internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// What is read, on any connection; each method is one read transaction, unless it is part of a larger one.

extension Database {
    /// A node.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> NodeRow {
        let row = try statement(.node)
        defer { row.reset() }
        row.bind(1, id)
        guard try row.step() else { throw .staleNFSFileHandle }
        return NodeRow(row)
    }

    /// The node that a name leads to: ``MetadataEngine/lookUp(_:in:)``.
    func lookUp(_ name: borrowing Name, in directory: NodeID) throws(Errno) -> NodeRow? {
        if name.isDotOrDotDot { return try lookUpDots(name.count, in: directory) }
        guard name.count <= NodeRow.longestName else {
            try node(directory).checkIsDirectory()
            throw .fileNameTooLong
        }
        let row = try statement(.lookUp)
        row.bind(1, directory)
        let found = try row.withBound(2, name) { () throws(Errno) in try row.step() ? NodeRow(row) : nil }
        // Either there is no such name, or no such directory.
        if found == nil { try node(directory).checkIsDirectory() }
        return found
    }

    /// What `.` (one dot) and `..` (two) stand for.
    private func lookUpDots(_ count: Int, in directory: NodeID) throws(Errno) -> NodeRow {
        let node = try node(directory)
        // `.` is asked of nodes of any type.
        guard count == 2 else { return node }
        try node.checkIsDirectory()
        guard !node.isRemoved else { throw .noSuchFileOrDirectory }
        return try self.node(node.parent)
    }

    /// Where a symbolic link leads to: ``MetadataEngine/target(of:)``.
    func target(of link: NodeID) throws(Errno) -> StoredName {
        let row = try statement(.target)
        defer { row.reset() }
        row.bind(1, link)
        guard try row.step() else { throw .staleNFSFileHandle }
        guard !row.isNothing(0) else { throw .invalidArgument }
        return row.name(0)
    }

    /// Names of a directory: ``MetadataEngine/names(in:after:limit:)``.
    func names(in directory: NodeID, after cookie: UInt64, limit: Int) throws(Errno) -> [NameRecord] {
        guard cookie < UInt64(Int64.max), limit > 0 else {
            try node(directory).checkIsDirectory()
            return []
        }
        let row = try statement(.names)
        defer { row.reset() }
        row.bind(1, directory)
        row.bind(2, cookie)
        row.bind(3, Int64(limit))
        var names: [NameRecord] = []
        while try row.step() {
            let name = row.name(SQL.nodeColumnCount)
            let cookie = row.uint64(SQL.nodeColumnCount + 1)
            names.append(NameRecord(name: name, cookie: cookie, node: NodeRow(row).record))
        }
        if names.isEmpty { try node(directory).checkIsDirectory() }
        return names
    }

    /// The extents that overlap a range, by their offsets.
    func extents(of file: NodeID, in range: Range<UInt64>) throws(Errno) -> [Extent] {
        let range = range.clamped(to: 0..<NodeRow.largestSize)
        guard !range.isEmpty else { return [] }
        var extents: [Extent] = []
        let row = try statement(.extents)
        defer { row.reset() }
        row.bind(1, file)
        row.bind(2, range.lowerBound)
        row.bind(3, range.upperBound)
        while try row.step() {
            let extent = try row.extent(cipher, mayBeUnknown: isWriting)
            // The first one may end before the range.
            if extent.range.overlaps(range) { extents.append(extent) }
        }
        return extents
    }

    /// Extents of all files: ``MetadataEngine/scanExtents(after:limit:unchangedSince:)``.
    func scanExtents(
        after position: ExtentPosition,
        limit: Int,
        unchangedSince time: Int64
    ) throws(Errno) -> [ScannedExtent] {
        let row = try statement(.scanExtents)
        defer { row.reset() }
        row.bind(1, position.file)
        row.bind(2, position.offset)
        row.bind(3, Int64(max(0, limit)))
        row.bind(4, time)
        var scanned: [ScannedExtent] = []
        while try row.step() {
            let isTold = row.int64(5) == 0
            scanned.append(
                ScannedExtent(
                    isTold ? try? row.extent(cipher, mayBeUnknown: false) : nil, at: row.uint64(0),
                    of: NodeID(row.uint64(6)), version: row.uint64(7), use: (row.uint64(8), row.uint64(9))))
        }
        return scanned
    }

    /// How an object is laid out: ``MetadataEngine/object(_:)``.
    func object(_ number: ObjectNumber) throws(Errno) -> ObjectRecord {
        let row = try statement(.object)
        defer { row.reset() }
        row.bind(1, number)
        guard try row.step() else { throw .staleNFSFileHandle }
        return ObjectRecord(number: number, length: row.uint64(0), layout: row.bytes(1))
    }

    /// Objects in the order of their numbers: ``MetadataEngine/objects(after:limit:)``.
    func objects(after number: ObjectNumber, limit: Int) throws(Errno) -> [ObjectRecord] {
        let row = try statement(.objectsAfter)
        defer { row.reset() }
        row.bind(1, number)
        row.bind(2, Int64(max(0, limit)))
        var objects: [ObjectRecord] = []
        while try row.step() {
            objects.append(ObjectRecord(number: row.uint64(0), length: row.uint64(1), layout: row.bytes(2)))
        }
        return objects
    }

    /// An extended attribute: ``MetadataEngine/extendedAttribute(_:of:)``.
    func extendedAttribute(_ name: StoredName, of node: NodeID) throws(Errno) -> ContiguousArray<UInt8> {
        // Most nodes have none, and their own row says so.
        guard try self.node(node).marks.contains(.attributes) else { throw .noData }
        let row = try statement(.attribute)
        defer { row.reset() }
        row.bind(1, node)
        row.bind(2, name.bytes)
        guard try row.step() else { throw .noData }
        return row.bytes(0)
    }

    /// The names of extended attributes: ``MetadataEngine/extendedAttributeNames(of:)``.
    func extendedAttributeNames(of node: NodeID) throws(Errno) -> [StoredName] {
        guard try self.node(node).marks.contains(.attributes) else { return [] }
        let row = try statement(.attributeNames)
        defer { row.reset() }
        row.bind(1, node)
        var names: [StoredName] = []
        while try row.step() { names.append(row.name(0)) }
        return names
    }

    /// Objects that no extent refers to: ``MetadataEngine/garbage(limit:)``.
    func garbage(limit: Int) throws(Errno) -> [ObjectNumber] {
        let row = try statement(.garbage)
        defer { row.reset() }
        row.bind(1, Int64(max(0, limit)))
        var numbers: [ObjectNumber] = []
        while try row.step() { numbers.append(row.uint64(0)) }
        return numbers
    }

    /// How much there is in the volume: ``MetadataEngine/usage()``.
    func usage() throws(Errno) -> VolumeUsage {
        try volumeState().usage
    }
}
