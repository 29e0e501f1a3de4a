import FUSEProtocol
import Ring
import SystemPackage

/// What a session asks of the kernel: from its configuration, the backend's features and the system's limits.
struct SessionWishes {
    let configuration: SessionConfiguration
    let features: FileSystemFeatures
    /// Pages in the largest request that the system allows (sysctl `fs.fuse.max_pages_limit`, kernel 6.13).
    let maxPagesLimit: Int

    /// The kernel's limit before it became a sysctl, and its default since.
    static let defaultMaxPagesLimit = 256

    init(configuration: SessionConfiguration, features: FileSystemFeatures) {
        self.configuration = configuration
        self.features = features
        maxPagesLimit =
            SystemFile.text(of: "/proc/sys/fs/fuse/max_pages_limit").flatMap { Int($0) } ?? Self.defaultMaxPagesLimit
    }

    /// The wishes for INIT.
    ///
    /// - Parameter usesRing: whether to accept the ring.
    func wishes(usesRing: Bool) -> ServerWishes {
        let page = MappedRegion.pageSize
        let pages = min(max(1, (configuration.maxWrite + page - 1) / page), maxPagesLimit, Int(UInt16.max))
        return ServerWishes(
            flags: flags(usesRing: usesRing),
            maxWrite: UInt32(clamping: min(configuration.maxWrite, pages * page)),
            maxPages: UInt16(pages),
            maxReadahead: UInt32(clamping: configuration.maxReadahead ?? Int(UInt32.max)),
            maxBackground: UInt16(clamping: configuration.maxBackground),
            congestionThreshold: configuration.congestionThreshold.map { UInt16(clamping: $0) },
            timeGranularity: 1,
            requestTimeout: UInt16(clamping: configuration.requestTimeout),
            pageSize: page)
    }

    /// What the system's limit has lowered, for the user; `nil` where nothing was.
    func notice(_ agreed: NegotiatedSession) -> String? {
        // A kernel without the flag (before 4.20) has 32 pages, and no setting that would change that.
        guard agreed.maxWrite < configuration.maxWrite, agreed.flags.contains(.maxPages) else { return nil }
        return "reads and writes lowered from \(configuration.maxWrite) to \(agreed.maxWrite) bytes "
            + "by fs.fuse.max_pages_limit = \(maxPagesLimit)"
    }

    private func flags(usesRing: Bool) -> InitFlags {
        // What every backend can have. Splice is left out: buffers are mapped, not piped.
        var flags: InitFlags = [
            .asyncRead, .asyncDirectIO, .parallelDirectoryOperations, .readDirectoryPlus, .readDirectoryPlusAuto,
            .autoInvalidateData, .noOpenSupport, .noOpenDirectorySupport, .abortError,
            // What the notifier may send.
            .expireOnly, .resend,
        ]
        if configuration.requestTimeout > 0 { flags.insert(.requestTimeout) }
        // A kernel that opens without asking (ENOSYS to OPEN) would tell nobody of the cut.
        if features.contains(.truncatesOnOpen) { flags.insert(.atomicTruncate) }
        if features.contains(.posixLocks) { flags.insert(.posixLocks) }
        if features.contains(.fileLocks) { flags.insert(.flockLocks) }
        if features.contains(.clearsPrivileges) { flags.insert(.handleKillPrivilegesV2) }
        if features.contains(.cachesSymbolicLinks) { flags.insert(.cacheSymlinks) }
        flags.insert(features.contains(.exportable) ? .exportSupport : .noExportSupport)
        if usesRing { flags.insert(.overIOUring) }
        return flags
    }
}
