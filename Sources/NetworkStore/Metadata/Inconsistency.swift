public import RingFUSE

/// Something in a volume's metadata that does not fit together. An engine that works never makes one.
public enum Inconsistency: Sendable, Hashable, CustomStringConvertible {
    /// The store itself says that it is damaged.
    case store(String)
    /// A name that leads to no node.
    case nameWithoutNode(name: String, directory: NodeID, node: NodeID)
    /// A name in what is no directory.
    case nameOutsideDirectory(name: String, directory: NodeID)
    /// A node whose link count is not the number of its names.
    case linkCount(node: NodeID, links: UInt64, names: UInt64)
    /// A node without a name that no session is noted for, or one with names that is.
    case unlinkedNote(node: NodeID)
    /// A node in the trash that has a name elsewhere, too, or in a quota; one that says that it is there and is not; or an entry of the
    /// trash that is none.
    case trash(node: NodeID)
    /// A directory whose note of where it is differs from where its name is.
    case parent(directory: NodeID)
    /// A directory that no path from the root leads to.
    case unreachable(directory: NodeID)
    /// A directory that gives later names a cookie that is taken.
    case cookie(directory: NodeID)
    /// Two extents of a file that overlap.
    case overlap(file: NodeID, offset: UInt64)
    /// An extent of no file, or one that holds no bytes, or not those that it says.
    case extent(file: NodeID, offset: UInt64)
    /// A file whose count of allocated bytes is not what its extents have.
    case allocated(file: NodeID, counted: UInt64, found: UInt64)
    /// A node whose row does not say which extended attributes it has, or attributes of no node.
    case attributes(node: NodeID)
    /// An extent of an object that there is not.
    case objectMissing(object: ObjectNumber, file: NodeID)
    /// An object whose count of extents or bytes in use is not what refers to it.
    case objectUse(object: ObjectNumber)
    /// A number that is pending, and an object, or not given out yet.
    case number(UInt64)
    /// A quota that does not count what is in it.
    case quota(directory: NodeID, bytes: Count, nodes: Count)
    /// A node that belongs to a quota that there is not, or that it is not in; or a quota that is not where it says.
    case quotaMembership(node: NodeID)
    /// A counter of the volume that is not the sum of what it counts.
    case counter(name: String, counted: UInt64, found: UInt64)

    /// What is counted, and what there is.
    public struct Count: Sendable, Hashable {
        /// What is counted.
        public var counted: UInt64
        /// What there is.
        public var found: UInt64
    }

    /// One line.
    public var description: String {
        switch self {
        case .store(let text): "the database: \(text)"
        case .nameWithoutNode(let name, let directory, let node):
            "the name \(name) in directory \(directory) leads to node \(node), which there is not"
        case .nameOutsideDirectory(let name, let directory):
            "the name \(name) is in node \(directory), which is no directory"
        case .linkCount(let node, let links, let names): "node \(node) has \(names) names and counts \(links)"
        case .unlinkedNote(let node): "node \(node) is noted as without names wrongly, or is without and not noted"
        case .trash(let node): "node \(node) is not in the trash as it should be, or is not and says so"
        case .parent(let directory): "directory \(directory) is not where it says"
        case .unreachable(let directory): "directory \(directory) cannot be reached from the root"
        case .cookie(let directory): "directory \(directory) would give a cookie twice"
        case .overlap(let file, let offset): "file \(file) has two extents at byte \(offset)"
        case .extent(let file, let offset): "file \(file) has an extent at byte \(offset) that is none"
        case .allocated(let file, let counted, let found):
            "file \(file) has extents of \(found) bytes and counts \(counted)"
        case .attributes(let node): "node \(node) does not know its extended attributes"
        case .objectMissing(let object, let file): "file \(file) has bytes in object \(object), which there is not"
        case .objectUse(let object): "object \(object) is not used as often as it counts"
        case .number(let number): "the number \(number) is given out and free, or is two objects'"
        case .quota(let directory, let bytes, let nodes):
            "the quota of directory \(directory) has \(bytes.found) bytes and \(nodes.found) nodes, and counts "
                + "\(bytes.counted) and \(nodes.counted)"
        case .quotaMembership(let node): "node \(node) belongs to a quota that it is not in, or that there is not"
        case .counter(let name, let counted, let found): "the volume has \(found) \(name) and counts \(counted)"
        }
    }
}
