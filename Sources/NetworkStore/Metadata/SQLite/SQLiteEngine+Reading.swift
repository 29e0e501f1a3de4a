public import RingFUSE
public import SystemPackage

// What is read. Nothing here suspends: it is a few microseconds on the caller's thread, and longer only where a page has
// to come from the disk, which is a file of this machine.

extension SQLiteEngine {
    /// A node by its number.
    public func node(_ id: NodeID) throws(Errno) -> NodeRecord {
        try read { (database) throws(Errno) in try database.node(id).record }
    }

    /// A node by its number.
    public func nodeImmediately(_ id: NodeID) throws(Errno) -> Immediate<NodeRecord> { .answered(try node(id)) }

    /// The node that a name leads to.
    public func lookUp(_ name: Name, in directory: NodeID) throws(Errno) -> NodeRecord? {
        try read { (database) throws(Errno) in try database.lookUp(name, in: directory)?.record }
    }

    /// The node that a name leads to.
    public func lookUpImmediately(_ name: Name, in directory: NodeID) throws(Errno) -> Immediate<NodeRecord?> {
        .answered(try lookUp(name, in: directory))
    }

    /// Where a symbolic link leads to.
    public func target(of link: NodeID) throws(Errno) -> StoredName {
        try readers.read { (database) throws(Errno) in try database.target(of: link) }
    }

    /// Names of a directory in the order of their cookies, which begin at 3.
    public func names(in directory: NodeID, after cookie: UInt64, limit: Int) throws(Errno) -> [NameRecord] {
        try readers.read { (database) throws(Errno) in
            try database.names(in: directory, after: cookie, limit: limit)
        }
    }

    /// Where the bytes of a file are.
    public func extents(of file: NodeID, in range: Range<UInt64>) throws(Errno) -> [Extent] {
        try readers.read { (database) throws(Errno) in
            let extents = try database.extents(of: file, in: range)
            if extents.isEmpty { _ = try database.node(file) }
            return extents
        }
    }

    /// Extents of all files.
    public func scanExtents(
        after position: ExtentPosition,
        limit: Int,
        unchangedSince time: Int64
    ) throws(Errno) -> [ScannedExtent] {
        try readers.read { (database) throws(Errno) in
            try database.scanExtents(after: position, limit: limit, unchangedSince: time)
        }
    }

    /// How an object is laid out.
    public func object(_ number: ObjectNumber) throws(Errno) -> ObjectRecord {
        try readers.read { (database) throws(Errno) in try database.object(number) }
    }

    /// Objects that extents refer to.
    public func objects(after number: ObjectNumber, limit: Int) throws(Errno) -> [ObjectRecord] {
        try readers.read { (database) throws(Errno) in try database.objects(after: number, limit: limit) }
    }

    /// An extended attribute.
    public func extendedAttribute(_ name: StoredName, of node: NodeID) throws(Errno) -> ContiguousArray<UInt8> {
        try readers.read { (database) throws(Errno) in try database.extendedAttribute(name, of: node) }
    }

    /// The names of a node's extended attributes.
    public func extendedAttributeNames(of node: NodeID) throws(Errno) -> [StoredName] {
        try readers.read { (database) throws(Errno) in try database.extendedAttributeNames(of: node) }
    }

    /// How much there is in the volume.
    public func usage() throws(Errno) -> VolumeUsage {
        try readers.read { (database) throws(Errno) in try database.usage() }
    }

    /// Objects that no extent refers to.
    public func garbage(limit: Int) throws(Errno) -> [ObjectNumber] {
        try readers.read { (database) throws(Errno) in try database.garbage(limit: limit) }
    }
}
