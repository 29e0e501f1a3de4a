internal import CRingFUSE
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A directory, passed through: what is done in the mount is done in the source.
///
/// No request leaves the source: names are opened one at a time below a descriptor of their directory, and no
/// symbolic link is ever followed by the server (the kernel follows them, on the mount). So it does not matter what is
/// renamed or replaced in the source meanwhile.
///
/// Reads, writes, `fsync` and `fallocate` go through the worker's asynchronous I/O, but for reads and writes that the
/// source's page cache takes at once. Everything about names and attributes is done at once, on the worker, as
/// passthrough servers do: mostly it is in the kernel's caches, and a hop to another thread costs more than the call.
/// Metadata from a slow disk blocks the worker meanwhile; reads never do, and short writes once in a while, where the
/// source's file system cannot say that they would. For a source that may block for long there is
/// ``BlockingMirrorFileSystem``.
///
/// The kernel checks permissions on the mount, POSIX ACLs included where the source's file system has them. Default
/// ACLs and the umask are for that file system to apply: files are made with the caller's umask, owner and group.
public final class MirrorFileSystem: FileSystem {
    /// How the source is passed through.
    public let options: Options
    /// What the kernel knows.
    let nodes: MirrorNodeTable
    /// What is open.
    let files: MirrorOpenFiles
    /// What is open and read and written by the kernel itself.
    let passthrough = MirrorPassthrough()
    private let writesBack = Atomic(false)
    private let connection = Mutex<Connection?>(nil)
    /// How often files are open.
    let openCounts = MirrorOpenCounts()
    /// Directories that are open.
    let directories = Mutex<[HandleID: MirrorDirectory]>([:])
    /// The last handle of a directory; none is used twice.
    let lastDirectoryHandle = Atomic<UInt64>(0)
    /// Makes and fills files on behalf of their owners.
    let caller = MirrorCaller()
    /// Whether it matters on whose behalf files are filled.
    let room: MirrorRoom
    /// Who has opened files.
    let openers = MirrorOpeners()
    /// The inode numbers that programs see.
    let inodes: MirrorInodeNumbers
    /// The locks of programs on the mount, where the source has them.
    let locks = MirrorLocks()
    /// Requests that wait for a lock.
    let lockWaits = Atomic<Int>(0)
    /// Whether the source's file system has POSIX ACLs, which are passed through.
    private let keepsAccessControlLists: Bool
    /// What the source's own file system is made of.
    let sourceKind: MirrorSourceKind
    /// Whether workers write themselves where nobody knows whether that waits.
    let patience = MirrorPatience()
    /// For calls that take their time and that asynchronous I/O does not offer; starts no thread before the first one.
    let pool = ThreadPool(threads: 2)

    /// The largest number of descriptors to ask the system for: what a process may have by default.
    private static let mostDescriptors = 1 << 20

    /// Passes a directory through.
    ///
    /// Raises the process's soft limit of open files to the hard one, since each file that the kernel knows takes
    /// a descriptor, and it knows as many as its memory allows.
    ///
    /// - Parameter source: the directory; a symbolic link to one is followed. It may be renamed later on.
    /// - Throws: ``MirrorError`` where it can't be opened, is no directory, or `/proc` is not mounted.
    public init(source: FilePath, options: Options = Options()) throws(MirrorError) {
        let limit = rfuse_raise_file_limit(UInt64(Self.mostDescriptors))
        files = MirrorOpenFiles(capacity: limit > 0 ? min(limit, Self.mostDescriptors) : Self.mostDescriptors)
        self.options = options
        let root: MirrorNode
        do throws(Errno) {
            let path = try checked(unsafe source.withPlatformString { unsafe rfuse_open_directory_path($0) })
            root = try MirrorNode(descriptor: CInt(path), id: .root, status: status(of: CInt(path)))
        } catch {
            throw MirrorError(step: .openSource, source: source, errno: error)
        }
        // The rest is for open files.
        let mostNodes = options.mostNodeDescriptors ?? files.capacity / 4 * 3
        nodes = MirrorNodeTable(root: root, mostOpen: mostNodes)
        sourceKind = MirrorSourceKind(of: root.descriptor)
        room = MirrorRoom(of: root, kind: sourceKind)
        keepsAccessControlLists = options.extendedAttributes && Self.keepsAccessControlLists(root)
        inodes = MirrorInodeNumbers(device: root.identity.device)
        do throws(Errno) {
            _ = rfuse_close(CInt(try checked(rfuse_path_descriptor(root.descriptor))))
        } catch {
            throw MirrorError(step: .useProc, source: source, errno: error)
        }
    }

    /// Whether a file system has POSIX ACLs: it then says that there is none, or tells it, but not that it cannot.
    private static func keepsAccessControlLists(_ root: MirrorNode) -> Bool {
        let result = unsafe rfuse_get_attribute(root.descriptor, "system.posix_acl_access", nil, 0)
        return result >= 0 || result == -Int(Errno.noData.rawValue)
    }

    /// The kernel checks permissions: it knows the caller's groups, and nobody here does.
    ///
    /// Set-user-ID and set-group-ID bits are cleared here, which spares the kernel two requests per write.
    ///
    /// What others change in a file of the source shows when its size changes, and when it is opened while no program
    /// on the mount has it open. It does not show by its time of modification; see ``MirrorOpenCounts``.
    public var features: FileSystemFeatures {
        var features: FileSystemFeatures = [
            .kernelChecksPermissions, .clearsPrivileges, .truncatesOnOpen, .writebackCache, .mapsDirectIO, .passthrough,
            .idmappedMounts, .invalidatesBySize,
        ]
        if options.locks == .source { features.formUnion([.posixLocks, .fileLocks]) }
        if keepsAccessControlLists { features.insert(.accessControlLists) }
        return features
    }

    /// Learns what the kernel does by itself.
    public func connected(_ connection: Connection) {
        writesBack.store(connection.usesWritebackCache, ordering: .relaxed)
        passthrough.connected(connection)
        self.connection.withLock { $0 = connection }
    }

    /// Tells the kernel what it does not notice; nil before there is a session.
    var notifier: Notifier? { connection.withLock { $0?.notifier } }

    /// Whether the kernel writes back what is written.
    var usesWritebackCache: Bool { writesBack.load(ordering: .relaxed) }

    /// Closes what the kernel did not release or forget.
    public func disconnected() async {
        passthrough.closeAll()
        files.closeAll()
        openers.removeAll()
        locks.releaseAll()
        directories.withLock { $0.removeAll() }
        nodes.forgetAll()
    }

    /// Opens a name for what it is (`O_PATH`), following nothing.
    ///
    /// - Returns: a descriptor that belongs to the caller.
    func openComponent(_ name: Name, in directory: MirrorNode) throws(Errno) -> CInt {
        let crossing: CInt = options.entersMounts ? 1 : 0
        return try unsafe name.withComponent { name throws(Errno) in
            CInt(try checked(unsafe rfuse_open_component(directory.descriptor, name, crossing)))
        }
    }

    /// The entry of a file, which counts as a lookup.
    ///
    /// - Parameter descriptor: an `O_PATH` descriptor; taken over, whether or not this throws.
    func entry(takingOver descriptor: CInt) throws(Errno) -> Entry {
        do throws(Errno) {
            let status = try status(of: descriptor)
            return entry(of: nodes.lookUp(descriptor, status), status)
        } catch {
            _ = rfuse_close(descriptor)
            throw error
        }
    }

    /// The entry of a node that has been looked up.
    func entry(of node: NodeID, _ status: rfuse_status) -> Entry {
        var entry = Entry(node: node, attributes: attributes(status), lifetime: options.nameLifetime)
        entry.attributesLifetime = options.attributesLifetime
        return entry
    }

    /// What programs see of a file.
    func attributes(_ status: rfuse_status) -> Attributes {
        Attributes(status, inode: inodes.visible(status.inode, of: status.device))
    }
}
