import FUSEProtocol
import Testing

@testable import RingFUSE

/// What a session asks of the kernel.
@Suite struct SessionWishesTests {
    private func wishes(
        _ features: FileSystemFeatures = [],
        kernelChecks: Bool = false,
        _ change: (inout SessionConfiguration) -> Void = { _ in }
    ) -> SessionWishes {
        var configuration = SessionConfiguration()
        change(&configuration)
        return SessionWishes(
            configuration: configuration, features: features, kernelChecksPermissions: kernelChecks)
    }

    private func flags(
        _ features: FileSystemFeatures = [],
        kernelChecks: Bool = false,
        _ change: (inout SessionConfiguration) -> Void = { _ in }
    ) -> InitFlags {
        wishes(features, kernelChecks: kernelChecks, change).wishes(usesRing: false).flags
    }

    /// What would be agreed with a kernel that offers these flags.
    private func agreed(_ wishes: SessionWishes, _ offered: InitFlags) throws -> NegotiatedSession {
        let bytes = KernelRequest.initialize(minor: 45, flags: offered).argument
        let request = try InitRequest(RawSpan(_elements: bytes.span))
        guard case .reply(_, let agreed) = InitNegotiation(request: request, wishes: wishes.wishes(usesRing: false))
        else { throw WireError.badLength }
        return agreed
    }

    /// A plain backend asks for nothing that would ask something of it.
    @Test func plain() {
        #expect(
            flags() == [
                .asyncRead, .asyncDirectIO, .parallelDirectoryOperations, .readDirectoryPlus, .readDirectoryPlusAuto,
                .autoInvalidateData, .noOpenSupport, .noOpenDirectorySupport, .abortError, .extendedSetXattr,
                .ioctlDirectory, .expireOnly, .resend, .noExportSupport,
            ])
    }

    /// Each feature is a flag, but for those that a user has to ask for as well.
    @Test func features() {
        let plain = flags()
        let alone: [(FileSystemFeatures, InitFlags)] = [
            (.posixLocks, .posixLocks), (.fileLocks, .flockLocks), (.clearsPrivileges, .handleKillPrivilegesV2),
            (.cachesSymbolicLinks, .cacheSymlinks), (.truncatesOnOpen, .atomicTruncate),
            (.invalidatesExplicitly, .explicitInvalidateData), (.accessControlLists, [.posixACL, .dontMask]),
            (.appliesUmask, .dontMask), (.securityContexts, .securityContext),
            (.supplementaryGroups, .createSupplementaryGroup), (.submounts, .submounts),
            (.mapsDirectIO, .directIOAllowMmap), (.kernelChecksPermissions, []), (.writebackCache, []),
            (.passthrough, []), (.idmappedMounts, []),
        ]
        for (feature, its) in alone { #expect(flags(feature) == plain.union(its), "\(feature)") }
        #expect(flags(.exportable) == plain.union(.exportSupport).subtracting(.noExportSupport))
    }

    @Test func whatUsersAskFor() {
        #expect(!flags { $0.usesWritebackCache = true }.contains(.writebackCache))
        #expect(flags(.writebackCache) { $0.usesWritebackCache = true }.contains(.writebackCache))
        #expect(!flags { $0.usesPassthrough = true }.contains(.passthrough))
        #expect(flags(.passthrough) { $0.usesPassthrough = true }.contains(.passthrough))
        // The writeback cache wins where both are to be had, and only there.
        let both: (inout SessionConfiguration) -> Void = {
            $0.usesPassthrough = true
            $0.usesWritebackCache = true
        }
        #expect(!flags([.writebackCache, .passthrough], both).contains(.passthrough))
        #expect(flags(.passthrough, both).contains(.passthrough))
        #expect(!flags(.idmappedMounts) { $0.allowsIDMapping = true }.contains(.allowIDMap))
        #expect(flags(.idmappedMounts, kernelChecks: true) { $0.allowsIDMapping = true }.contains(.allowIDMap))
        #expect(flags { $0.requestTimeout = 3 }.contains(.requestTimeout))
        let deep = wishes(.passthrough) { $0.passthroughDepth = 2 }
        #expect(deep.wishes(usesRing: false).maxStackDepth == 2)
    }

    /// What was agreed, as a backend is told.
    @Test func agreedFeatures() throws {
        let promised: FileSystemFeatures = [
            .accessControlLists, .posixLocks, .writebackCache, .kernelChecksPermissions,
        ]
        let wishes = wishes(promised) { $0.usesWritebackCache = true }
        let all = try agreed(wishes, [.posixACL, .dontMask, .posixLocks, .writebackCache])
        #expect(promised.agreed(all.flags) == promised.union(.appliesUmask))
        let none = try agreed(wishes, [])
        #expect(promised.agreed(none.flags) == .kernelChecksPermissions)
    }

    /// What is dropped by hand is not dropped by size as well; a kernel that knows only the latter does that.
    @Test func oneWayToInvalidate() throws {
        let both: FileSystemFeatures = [.invalidatesBySize, .invalidatesExplicitly]
        let new = try agreed(wishes(both), [.explicitInvalidateData, .autoInvalidateData])
        #expect(both.agreed(new.flags) == .invalidatesExplicitly)
        let old = try agreed(wishes(both), .autoInvalidateData)
        #expect(!old.flags.contains(.autoInvalidateData) && both.agreed(old.flags) == .invalidatesBySize)
    }

    /// The kernel would leave passthrough out without a word.
    @Test(arguments: [(0, false), (1, true), (2, true), (3, false)])
    func depthsThatTheKernelTakes(_ depth: Int, _ isTaken: Bool) {
        var configuration = SessionConfiguration()
        configuration.passthroughDepth = depth
        #expect(isTaken == ((try? configuration.validate()) != nil))
    }

    /// What can't be had is said, with the reason.
    @Test func notices() throws {
        func notices(_ wishes: SessionWishes, _ offered: InitFlags = []) throws -> [String] {
            wishes.notices(try agreed(wishes, offered.union(.maxPages)))
        }
        let everything: (inout SessionConfiguration) -> Void = {
            $0.usesWritebackCache = true
            $0.usesPassthrough = true
            $0.allowsIDMapping = true
        }
        #expect(try notices(wishes()) == [])
        #expect(
            try notices(wishes([], everything)) == [
                "no writeback cache: this file system cannot do with it",
                "no passthrough: this file system has no files to pass through to",
                "no idmapped mounts: this file system cannot do with them",
            ])
        // Not wished for both at once: the writeback cache excludes passthrough whether or not the kernel has it.
        let able: FileSystemFeatures = [.writebackCache, .passthrough, .idmappedMounts]
        #expect(
            try notices(wishes(able, kernelChecks: true, everything), [.writebackCache, .passthrough, .allowIDMap])
                == ["no passthrough: the writeback cache excludes it"])
        let old = wishes(able, kernelChecks: true) {
            $0.usesPassthrough = true
            $0.allowsIDMapping = true
        }
        #expect(
            try notices(old) == [
                "no passthrough: this kernel does not offer it (Linux 6.9, CONFIG_FUSE_PASSTHROUGH)",
                "no idmapped mounts: this kernel does not offer them (Linux 6.12)",
            ])
        #expect(
            try notices(wishes(.writebackCache) { $0.usesWritebackCache = true })
                == ["no writeback cache: this kernel does not offer it"])
        #expect(
            try notices(wishes(able) { $0.allowsIDMapping = true }, .allowIDMap)
                == ["no idmapped mounts: they need -o default_permissions"])
    }
}
