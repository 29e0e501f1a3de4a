import FileSystems
import Glibc
import RingFUSE
import SystemPackage

/// Makes the file systems that the tool mounts.
enum Backends {
    /// A tree in memory, which belongs to whoever mounts it.
    ///
    /// - Parameters:
    ///   - size: the most bytes of content; nil for half of the machine's memory.
    ///   - nodes: the most files and directories; nil for the file system's own limit.
    ///   - lifetime: how long the kernel may believe names and attributes.
    static func memory(size: ByteSize?, nodes: Int?, lifetime: Lifetime = .forever) -> MemoryFileSystem {
        let bytes = size?.bytes ?? halfOfMemory
        let (user, group) = (getuid(), getgid())
        guard let nodes else {
            return MemoryFileSystem(byteLimit: bytes, userID: user, groupID: group, lifetime: lifetime)
        }
        return MemoryFileSystem(
            byteLimit: bytes,
            nodeLimit: nodes,
            userID: user,
            groupID: group,
            lifetime: lifetime
        )
    }

    /// Files that swallow writes and read zeros.
    static func null() -> NullFileSystem {
        NullFileSystem()
    }

    /// A directory, passed through.
    ///
    /// - Throws: `MirrorError`.
    static func mirror(of source: FilePath, options: MirrorFileSystem.Options) throws -> MirrorFileSystem {
        try MirrorFileSystem(source: source, options: options)
    }

    /// Half of the machine's memory in bytes, as tmpfs has it.
    private static var halfOfMemory: Int {
        max(1, sysconf(Int32(_SC_PHYS_PAGES)) / 2) * Int(getpagesize())
    }
}
