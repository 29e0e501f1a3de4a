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

    /// Whether the kernel is to check permissions, for the backend's sake or the user's.
    let kernelChecksPermissions: Bool

    init(configuration: SessionConfiguration, features: FileSystemFeatures, kernelChecksPermissions: Bool) {
        self.configuration = configuration
        self.features = features
        self.kernelChecksPermissions = kernelChecksPermissions
        maxPagesLimit =
            SystemFile.text(of: "/proc/sys/fs/fuse/max_pages_limit").flatMap { Int($0) } ?? Self.defaultMaxPagesLimit
    }

    /// Entries of each queue.
    var depth: Int {
        if let depth = configuration.depth { return depth }
        return features.contains(.answersAtOnce)
            ? SessionConfiguration.depthAtOnce : SessionConfiguration.standardDepth
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
            maxStackDepth: UInt32(clamping: configuration.passthroughDepth),
            requestTimeout: UInt16(clamping: configuration.requestTimeout),
            pageSize: page)
    }

    private func flags(usesRing: Bool) -> InitFlags {
        // What every backend can have. Splice is left out: buffers are mapped, not piped. So are DAX and the alignment
        // of its mappings, which only virtiofs has.
        var flags: InitFlags = [
            .asyncRead, .asyncDirectIO, .parallelDirectoryOperations, .readDirectoryPlus, .readDirectoryPlusAuto,
            .autoInvalidateData, .noOpenSupport, .noOpenDirectorySupport, .abortError, .extendedSetXattr,
            .ioctlDirectory, .expireOnly, .resend,
        ]
        if configuration.requestTimeout > 0 { flags.insert(.requestTimeout) }
        for (feature, its) in FileSystemFeatures.flags where wanted.contains(feature) { flags.formUnion(its) }
        if wanted.contains(.invalidatesBySize) { flags.remove(.autoInvalidateData) }
        if !wanted.contains(.exportable) { flags.insert(.noExportSupport) }
        if usesRing { flags.insert(.overIOUring) }
        return flags
    }

    /// The features of the backend that are wished for.
    private var wanted: FileSystemFeatures {
        var wanted = features.completed
        if !configuration.usesWritebackCache { wanted.remove(.writebackCache) }
        if !configuration.usesPassthrough || wanted.contains(.writebackCache) { wanted.remove(.passthrough) }
        // Without permissions checked by it, the kernel takes the flag for a mistake and fails the mount.
        if !configuration.allowsIDMapping || !kernelChecksPermissions { wanted.remove(.idmappedMounts) }
        return wanted
    }

    // MARK: What could not be had

    /// What was asked for and can't be had, and what has been lowered: one line each, for the user.
    func notices(_ agreed: NegotiatedSession) -> [String] {
        [sizeNotice(agreed), writebackNotice(agreed), passthroughNotice(agreed), idmapNotice(agreed)]
            .compactMap { $0 }
    }

    private func sizeNotice(_ agreed: NegotiatedSession) -> String? {
        // A kernel without the flag (before 4.20) has 32 pages, and no setting that would change that.
        guard agreed.maxWrite < configuration.maxWrite, agreed.flags.contains(.maxPages) else { return nil }
        return "reads and writes lowered from \(configuration.maxWrite) to \(agreed.maxWrite) bytes "
            + "by fs.fuse.max_pages_limit = \(maxPagesLimit)"
    }

    private func writebackNotice(_ agreed: NegotiatedSession) -> String? {
        guard configuration.usesWritebackCache, !agreed.flags.contains(.writebackCache) else { return nil }
        return features.contains(.writebackCache)
            ? "no writeback cache: this kernel does not offer it"
            : "no writeback cache: this file system cannot do with it"
    }

    private func passthroughNotice(_ agreed: NegotiatedSession) -> String? {
        guard configuration.usesPassthrough, !agreed.flags.contains(.passthrough) else { return nil }
        guard features.contains(.passthrough) else {
            return "no passthrough: this file system has no files to pass through to"
        }
        return agreed.flags.contains(.writebackCache)
            ? "no passthrough: the writeback cache excludes it"
            : "no passthrough: this kernel does not offer it (Linux 6.9, CONFIG_FUSE_PASSTHROUGH)"
    }

    private func idmapNotice(_ agreed: NegotiatedSession) -> String? {
        guard configuration.allowsIDMapping, !agreed.flags.contains(.allowIDMap) else { return nil }
        if !features.contains(.idmappedMounts) { return "no idmapped mounts: this file system cannot do with them" }
        return kernelChecksPermissions
            ? "no idmapped mounts: this kernel does not offer them (Linux 6.12)"
            : "no idmapped mounts: they need -o default_permissions"
    }
}
