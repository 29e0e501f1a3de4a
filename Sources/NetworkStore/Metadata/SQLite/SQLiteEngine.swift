internal import RingFUSE
internal import SystemPackage

/// The metadata of a volume in a database of SQLite: for one machine, without a server.
///
/// Reads are answered on the caller's thread, by a connection that no other thread uses meanwhile. Changes are done by one
/// thread, in groups. One process at a time has a volume for writing (``open(_:memory:takesOver:onFailure:)``); any number
/// may read it meanwhile (``openForReading(_:memory:onFailure:)``).
public final class SQLiteEngine: MetadataEngine {
    /// How much memory it may take. A share of the mount's budget.
    public struct Memory: Sendable {
        /// Bytes of pages that the connection that writes keeps.
        public var writerCache: Int
        /// Bytes of pages that each connection that reads keeps; there are as many as threads read at once.
        public var readerCache: Int
        /// Bytes of the database that are mapped. They are in the kernel's page cache, and not the process's own; but a
        /// disk that fails while a page is read by a mapping ends the process, where it would be `EIO` otherwise.
        public var mapped: Int

        /// Limits; the defaults suit a few million nodes.
        public init(writerCache: Int = 16 << 20, readerCache: Int = 2 << 20, mapped: Int = 0) {
            self.writerCache = writerCache
            self.readerCache = readerCache
            self.mapped = mapped
        }
    }

    /// Which volume it is; read when it was opened.
    public let volume: VolumeDescription
    /// The path of the database.
    let path: String
    /// What reads.
    let readers: ReaderPool
    /// Whether it may go on.
    let status: EngineStatus
    /// What changes; `nil` where the volume is only read.
    private let writer: Writer?
    /// What small content is encrypted with.
    private let cipher: InlineCipher

    /// An engine out of its parts.
    init(
        _ volume: VolumeDescription,
        at path: String,
        _ readers: ReaderPool,
        _ writer: Writer?,
        _ cipher: InlineCipher,
        _ status: EngineStatus
    ) {
        self.cipher = cipher
        self.volume = volume
        self.path = path
        self.readers = readers
        self.writer = writer
        self.status = status
    }

    /// Whether this session has lost the volume.
    public var isLost: Bool { status.isLost }

    /// Encrypts small content, too.
    public func encryptInline(with key: VolumeKey) { cipher.unlock(with: key) }

    /// Ends the session, having disposed of what it leaves, and closes the database.
    ///
    /// Without it, the next session does so.
    public func close() async {
        if let writer {
            _ = try? await write(durably: true, isLong: true) { (transaction) throws(Errno) in
                try transaction.endSessions(withOwn: true)
            }
            // Who closes last takes the log away, and these could not.
            status.lose()
            readers.close()
            writer.stop()
            // It copies the log into the database, which takes its time.
            _ = try? await DedicatedThread.run(name: "ringfuse-close") { writer.waitForEnd() }
        }
        status.lose()
        readers.close()
    }

    /// Whether all that has returned is on the disk.
    var isSynchronized: Bool { writer?.isSynchronized ?? false }

    /// Reads on the connection that writes, where it has just changed something and nobody is at work, or on one of those
    /// that only read, which would ask for pages again that others have changed.
    ///
    /// - Parameter body: a few microseconds of work; does not wait.
    /// - Throws: `ESTALE` where the volume is lost, `EIO`, and what `body` throws.
    @inline(__always)
    func read<Result>(_ body: (Database) throws(Errno) -> Result) throws(Errno) -> Result {
        if let writer {
            try status.check()
            if let result = try writer.readNow(body) { return result }
        }
        return try readers.read(body)
    }

    /// Has a change made.
    ///
    /// - Parameters:
    ///   - durably: whether it has to be there after a crash of the machine.
    ///   - isLong: whether it may take so long that the caller's thread should not do it.
    /// - Throws: `EROFS` where the volume is only read; what `body` throws; `EIO`, `ENOSPC`, `ESTALE`.
    func write<Outcome: Sendable>(
        durably: Bool = false,
        isLong: Bool = false,
        _ body: @escaping @Sendable (Transaction<Database>) throws(Errno) -> Outcome
    ) async throws(Errno) -> Outcome {
        guard let writer else { throw .readOnlyFileSystem }
        let write = Write<Database, Outcome>(isDurable: durably, body)
        if !isLong, !durably, writer.tryNow(write) { return try write.outcome() }
        return try await write.run(writer.add)
    }
}
