public import RingFUSE
public import SystemPackage

/// Another file system, slowed down: look-ups, reads and writes, or some of them, wait before they are passed on, as if for a disk.
///
/// For tests and benchmarks of what happens while requests are under way: the waiting suspends, so the worker goes on
/// serving, and ends with `EINTR` when the request is interrupted. The immediate tier of these three defers; all else is
/// passed on as it comes.
public struct DelayFileSystem<Base: FileSystem>: FileSystem {
    /// What waits.
    public struct Operations: OptionSet, Sendable {
        /// A bit for each.
        public let rawValue: UInt8
        /// Finding a name.
        public static var lookUps: Operations { Operations(rawValue: 1) }
        /// Reading.
        public static var reads: Operations { Operations(rawValue: 2) }
        /// Writing.
        public static var writes: Operations { Operations(rawValue: 4) }
        /// Asking for attributes.
        public static var attributes: Operations { Operations(rawValue: 8) }
        /// What a disk makes wait.
        public static var usual: Operations { [.lookUps, .reads, .writes] }

        /// Those with their bits set.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    /// What answers in the end.
    public let base: Base
    /// How long operations wait.
    public let delay: Duration
    /// Which do.
    public let operations: Operations

    /// A file system that answers later.
    public init(_ base: Base, delay: Duration, of operations: Operations = .usual) {
        self.base = base
        self.delay = delay
        self.operations = operations
    }

    /// What the slowed file system promises.
    public var features: FileSystemFeatures { base.features.subtracting(.answersAtOnce) }

    /// Passed on.
    public func connected(_ connection: Connection) { base.connected(connection) }

    /// Passed on.
    public func disconnected() async { await base.disconnected() }

    // MARK: Delayed

    /// Waits, then finds a name.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        if operations.contains(.lookUps) { try await context.io.sleep(for: delay) }
        return try await base.lookUp(name, in: directory, context)
    }

    /// Waits, then reads.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        if operations.contains(.reads) { try await context.io.sleep(for: delay) }
        try await base.read(file, at: offset, into: &buffer, context)
    }

    /// Waits, then writes.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        if operations.contains(.writes) { try await context.io.sleep(for: delay) }
        return try await base.write(file, at: offset, from: data, options, context)
    }
}
