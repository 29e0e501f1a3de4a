public import SystemPackage

/// A file system that RingFUSE serves: the backend.
///
/// Only ``lookUp(_:in:_:)`` and ``attributes(of:_:_:)`` must be written; everything else has a default, which is
/// `ENOSYS` or what the kernel takes for "not needed". Methods run on the worker that received the request, several
/// at a time on each of several workers; they may suspend for as long as they like, and the worker goes on serving.
/// A synchronous method fulfils a requirement here too.
///
/// A backend does not see what carries its requests. A thrown `Errno` is what the calling program gets.
/// When the calling program is interrupted, the request's task is cancelled; a backend may then throw `EINTR`.
///
/// What needs no waiting can be answered by a sibling of the method, which costs less: see ``ImmediateOperations``.
public protocol FileSystem: ImmediateOperations, ExtendedAttributeOperations, LockOperations {
    /// What the backend promises beyond the plain operations. Read while a session starts; it must not change.
    var features: FileSystemFeatures { get }

    /// The session is about to serve its first request. Called on a thread of the session's, before INIT is answered.
    func connected(_ connection: Connection)

    /// The session has ended; no further request comes. Called also where it could not be started, so perhaps without
    /// ``connected(_:)`` before.
    func disconnected() async

    // MARK: Names

    /// Finds a name in a directory (LOOKUP).
    ///
    /// - Throws: `ENOENT` where there is none (or return ``Entry/missing(lifetime:)``), `ENOTDIR`, `ESTALE`.
    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) async throws(Errno) -> Entry

    /// The kernel has dropped lookups of a node (FORGET, BATCH_FORGET).
    ///
    /// When all of them are gone the backend may forget the node's id. Not called for what is still
    /// known when the connection ends. Must not block; may be called on any thread.
    func forget(_ node: NodeID, lookups: UInt64)

    /// Makes a symbolic link (SYMLINK).
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `EROFS`.
    func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry

    /// Makes a file, FIFO, socket or device node (MKNOD).
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `EROFS`, `EPERM` for types the backend does not keep.
    func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry

    /// Makes a directory (MKDIR).
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `EROFS`, `EMLINK`.
    func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry

    /// Removes a name that is no directory (UNLINK). The node lives on while it is open or known.
    ///
    /// - Throws: `ENOENT`, `EISDIR`, `EROFS`.
    func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Removes an empty directory (RMDIR).
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EROFS`.
    func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Renames, replacing the new name where there is one (RENAME, RENAME2).
    ///
    /// - Throws: `ENOENT`, `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `EINVAL` for flags the backend does not have.
    func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Gives a node another name (LINK).
    ///
    /// - Returns: the node, which counts as one lookup.
    /// - Throws: `EEXIST`, `EMLINK`, `EPERM` for directories.
    func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry

    // MARK: Nodes

    /// What `stat` tells (GETATTR).
    ///
    /// - Parameter handle: the open file that `fstat` was called on, where the kernel knows it.
    /// - Throws: `ENOENT` or `ESTALE` for a node that is gone.
    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply

    /// What `statx` tells beyond `stat` (STATX, kernel 6.6). `ENOSYS`, the default, makes the kernel use GETATTR.
    func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> DetailedAttributesReply

    /// Changes attributes: chmod, chown, truncate, utimens (SETATTR).
    ///
    /// - Parameter handle: the open file, where the call named one (`ftruncate`).
    /// - Returns: the attributes as they are now.
    /// - Throws: `EPERM`, `EFBIG`, `ENOSPC`, `EROFS`.
    func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply

    /// Reads a symbolic link (READLINK).
    ///
    /// - Parameter target: gets the bytes, without NUL: 1 to 4095.
    /// - Throws: `EINVAL` where it is none.
    func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Whether the caller may (ACCESS). Not sent where the kernel checks permissions. `ENOSYS`, the default, allows
    /// all.
    ///
    /// - Throws: `EACCES`, `EROFS`.
    func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// What `statfs` tells (STATFS). The default tells zeros.
    func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics

    // MARK: Files

    /// Opens a file (OPEN). The default, `ENOSYS`, opens all without handle and spares the kernel to ask again.
    ///
    /// - Throws: `EACCES`, `EROFS`, `EMFILE`.
    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply

    /// Makes a file and opens it (CREATE). `ENOSYS`, the default, makes the kernel use MKNOD and OPEN.
    ///
    /// - Throws: `EEXIST` with ``OpenFlags/exclusive``, `ENOSPC`, `EROFS`.
    func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply

    /// Makes a file that has no name, and opens it (TMPFILE, kernel 6.1). ``link(_:to:in:_:)`` may name it later.
    /// `ENOSYS`, the default, becomes `EOPNOTSUPP`.
    ///
    /// - Throws: `ENOSPC`, `EROFS`.
    func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply

    /// Reads (READ). Appending less than the buffer holds says that the file ends there.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file.
    ///   - buffer: the reply's own memory, with room for as many bytes as are asked for.
    /// - Throws: `EIO`, `EBADF`.
    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Writes (WRITE).
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file; with `O_APPEND` the kernel's idea of its end.
    ///   - data: the request's own memory.
    ///   - options: how it is to be written.
    /// - Returns: the number of bytes taken; more than `data` has becomes `EIO`.
    /// - Throws: `ENOSPC`, `EIO`, `EFBIG`.
    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int

    /// A descriptor of the open file is closed (FLUSH); the error is what `close` returns. `ENOSYS`, the default, makes
    /// the kernel send no more of them.
    ///
    /// - Throws: `EIO`, `ENOSPC`, `EDQUOT`.
    func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno)

    /// The last descriptor is closed (RELEASE); nobody waits for an answer or sees an error.
    func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno)

    /// Makes a file durable (FSYNC). `ENOSYS`, the default, makes `fsync` succeed without asking.
    ///
    /// - Parameter dataOnly: `fdatasync`: attributes may stay behind.
    /// - Throws: `EIO`, `ENOSPC`: what was written before may be lost.
    func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Allocates, punches or zeroes a range (FALLOCATE). `ENOSYS`, the default, becomes `EOPNOTSUPP`.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file.
    ///   - length: bytes.
    ///   - mode: what to do; empty allocates and extends.
    /// - Throws: `EOPNOTSUPP` for modes the backend does not have, `ENOSPC`, `EFBIG`.
    func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Finds data or a hole (LSEEK). `ENOSYS`, the default, makes all of the file data.
    ///
    /// - Parameter offset: bytes from the start of the file.
    /// - Returns: bytes from the start of the file.
    /// - Throws: `ENXIO` where there is none from `offset` on.
    func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64

    /// Copies between files of this mount (COPY_FILE_RANGE). `ENOSYS`, the default, makes the kernel read and write.
    ///
    /// - Parameters:
    ///   - sourceOffset: bytes from the start of the source.
    ///   - targetOffset: bytes from the start of the target.
    ///   - length: bytes at the most.
    /// - Returns: the number of bytes copied; 0 at the end of the source.
    /// - Throws: `EXDEV` or `EOPNOTSUPP` to have the kernel read and write this time, `ENOSPC`, `EFBIG`.
    func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64

    // MARK: Directories

    /// Opens a directory (OPENDIR). The default, `ENOSYS`, opens all without handle.
    ///
    /// - Throws: `EACCES`, `ENOTDIR`, `EMFILE`.
    func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply

    /// Reads a directory (READDIR, READDIRPLUS): appends what comes after `cookie` until the listing is full.
    ///
    /// - Parameters:
    ///   - directory: the open directory.
    ///   - cookie: 0 for the start, else what the last entry was appended with. It must stay good while
    ///     names come and go: nothing that stays may be left out or come twice.
    ///   - listing: gets the entries; appending none says that the directory ends.
    /// - Throws: `EIO`, `ENOTDIR`.
    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// The last descriptor of a directory is closed (RELEASEDIR).
    func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) async throws(Errno)

    /// Makes a directory durable (FSYNCDIR). `ENOSYS`, the default, makes `fsync` succeed without asking.
    ///
    /// - Parameter dataOnly: `fdatasync`: attributes may stay behind.
    /// - Throws: `EIO`, `ENOSPC`.
    func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    // MARK: Control, the whole

    /// A command of the file's own (IOCTL), or of a directory's; only commands whose numbers tell direction and size
    /// bring and take data: 16,383 bytes at the most.
    ///
    /// What lsattr and chattr do comes as `FS_IOC_GETFLAGS` and `FS_IOC_SETFLAGS` with 4 bytes each, on handles that
    /// the kernel opens for them; before it sets flags, the kernel asks by `FS_IOC_FSGETXATTR`.
    ///
    /// - Parameters:
    ///   - input: what the caller passes.
    ///   - output: gets what the caller receives.
    /// - Returns: what `ioctl(2)` returns. `ENOSYS`, the default, becomes `ENOTTY`.
    func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32

    /// Tells which events a file is ready for (POLL). `ENOSYS`, the default, makes it always ready.
    ///
    /// - Parameters:
    ///   - events: the `POLL*` events that the caller waits for.
    ///   - handle: for ``Notifier/wake(_:)``, once one of them has come; `nil` where the caller does not wait.
    /// - Returns: the events that the file is ready for.
    func poll(
        _ file: OpenFile,
        for events: UInt32,
        _ handle: PollHandle?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt32

    /// Tells which block of the device holds a block of a file (BMAP); for backends on a block device.
    ///
    /// - Parameters:
    ///   - block: the block of the file, in units of `blockSize`.
    ///   - blockSize: bytes.
    /// - Returns: the number in units of `blockSize`; 0 for a hole.
    func deviceBlock(
        of node: NodeID,
        block: UInt64,
        blockSize: UInt32,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64

    /// Makes everything durable (SYNCFS). `ENOSYS`, the default, makes `syncfs` succeed without asking.
    ///
    /// - Throws: `EIO`, `ENOSPC`.
    func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno)
}
