public import SystemPackage

/// The immediate tier: what a backend answers without waiting, on the worker's own thread, ahead of the entry's task.
///
/// Each method is the sibling of one of ``FileSystem``, and tried before it. It answers, throws what its sibling would, or
/// defers; then nothing may have been changed, and the sibling is called. It must not block, not even for a short while:
/// everything else on its worker waits. All have a default that defers.
public protocol ImmediateOperations: Sendable {
    // MARK: Names

    /// Finds a name without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/lookUp(_:in:_:)``.
    func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry>

    /// Removes a name that is no directory without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/removeFile(named:in:_:)``.
    func removeFileImmediately(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void>

    /// Renames without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/rename(_:in:to:in:_:_:)``.
    func renameImmediately(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void>

    // MARK: Nodes

    /// Tells attributes without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/attributes(of:_:_:)``.
    func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply>

    // MARK: Files

    /// Opens a file without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/open(_:_:_:)``.
    func openImmediately(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<OpenReply>

    /// Makes a file and opens it without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/create(named:in:_:_:_:)``.
    func createImmediately(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<CreateReply>

    /// Tells that a READ would give nothing but zeros: the reply is then made of memory that is known to hold zeros,
    /// and nothing is written. Asked before ``readImmediately(_:at:into:_:)``, on the worker's thread: must not block.
    ///
    /// A backend that answers here also reads: not everybody asks (a backend that wraps this one).
    ///
    /// - Parameter count: bytes that are asked for.
    /// - Returns: how many zeros there are up to the end of the file; `nil` where it is to be read.
    /// - Throws: as ``FileSystem/read(_:at:into:_:)``.
    func zeros(
        _ file: OpenFile,
        at offset: UInt64,
        count: Int,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int?

    /// Reads without blocking, or defers; then the buffer must be empty still.
    ///
    /// - Throws: as ``FileSystem/read(_:at:into:_:)``.
    func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void>

    /// Writes without blocking, or defers.
    ///
    /// - Throws: as ``FileSystem/write(_:at:from:_:_:)``.
    func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int>

    /// Takes note that the last descriptor is closed without blocking, or defers.
    func releaseImmediately(
        _ file: OpenFile,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void>

    // MARK: Extended attributes

    /// Tells an extended attribute without blocking, or defers; then nothing may have been written.
    ///
    /// The kernel asks for `security.capability` before it writes to a file for the first time.
    ///
    /// - Returns: the size of the value in bytes, as ``ExtendedAttributeOperations/extendedAttribute(named:of:into:_:)``.
    /// - Throws: as that does.
    func extendedAttributeImmediately(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int>
}

extension ImmediateOperations {
    /// Defers.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        .deferred
    }

    /// Defers.
    public func removeFileImmediately(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .deferred
    }

    /// Defers.
    public func renameImmediately(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .deferred
    }

    /// Defers.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        .deferred
    }

    /// Defers.
    public func openImmediately(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<OpenReply> {
        .deferred
    }

    /// Defers.
    public func createImmediately(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<CreateReply> {
        .deferred
    }

    /// Has it read.
    public func zeros(
        _ file: OpenFile,
        at offset: UInt64,
        count: Int,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int? {
        nil
    }

    /// Defers.
    public func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .deferred
    }

    /// Defers.
    public func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        .deferred
    }

    /// Defers.
    public func releaseImmediately(
        _ file: OpenFile,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .deferred
    }

    /// Defers.
    public func extendedAttributeImmediately(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> { .deferred }
}
