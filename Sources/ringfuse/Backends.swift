import FileSystems
import RingFUSE
import SystemPackage

/// Makes the file systems that the tool mounts.
enum Backends {
    /// A tree in memory.
    ///
    /// - Parameters:
    ///   - size: the most bytes of content; nil for half of the machine's memory.
    ///   - nodes: the most files and directories; nil for the file system's own limit.
    static func memory(size: ByteSize?, nodes: Int?) -> PlaceholderFileSystem {
        PlaceholderFileSystem()
    }

    /// Files that swallow writes and read zeros.
    static func null() -> PlaceholderFileSystem {
        PlaceholderFileSystem()
    }

    /// A directory, passed through.
    static func mirror(of source: FilePath) throws -> PlaceholderFileSystem {
        PlaceholderFileSystem()
    }
}

/// An empty directory.
struct PlaceholderFileSystem: FileSystem {
    /// Finds nothing.
    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        throw .noSuchFileOrDirectory
    }

    /// Tells of the root.
    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(Attributes(node: node, mode: .directory))
    }
}
