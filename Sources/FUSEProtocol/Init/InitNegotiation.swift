import CRingFUSE

/// What comes out of an INIT: a function of the kernel's offer and the server's wishes, and nothing else.
package enum InitNegotiation: Equatable, Sendable {
    /// Send this, and the session begins.
    case reply(InitReply, agreed: NegotiatedSession)
    /// The kernel speaks a newer major version: send this, which says 7, and wait for another INIT.
    case newerMajor(InitReply)
    /// The kernel speaks an older major version than 7: answer EPROTO.
    case olderMajor
    /// The kernel speaks 7, but an older minor version than 23 (Linux 3.15): answer EPROTO.
    case olderMinor

    /// Oldest minor version: from 7.23 on, all structures have the sizes that this module knows.
    package static let oldestMinor: UInt32 = 23

    /// Negotiates.
    package init(request: InitRequest, wishes: ServerWishes) {
        guard request.major <= FUSE_KERNEL_VERSION else {
            self = .newerMajor(InitReply(minor: FUSE_KERNEL_MINOR_VERSION))
            return
        }
        guard request.major == FUSE_KERNEL_VERSION else {
            self = .olderMajor
            return
        }
        guard request.minor >= Self.oldestMinor else {
            self = .olderMinor
            return
        }
        let flags = Self.agree(offered: request.flags, wishes: wishes)
        let maxPages =
            flags.contains(.maxPages) ? max(1, wishes.maxPages) : UInt16(FUSE_DEFAULT_MAX_PAGES_PER_REQ)
        var reply = InitReply(minor: min(request.minor, FUSE_KERNEL_MINOR_VERSION))
        reply.flags = flags
        reply.maxReadahead = min(request.maxReadahead, wishes.maxReadahead)
        reply.maxBackground = wishes.maxBackground
        reply.congestionThreshold = Self.congestionThreshold(wishes)
        // The kernel takes 4096 for any smaller number, whatever the size of its pages.
        reply.maxWrite = UInt32(max(4096, min(Int(wishes.maxWrite), Int(maxPages) * wishes.pageSize)))
        reply.timeGranularity = wishes.timeGranularity
        reply.maxPages = flags.contains(.maxPages) ? maxPages : 0
        reply.maxStackDepth = flags.contains(.passthrough) ? wishes.maxStackDepth : 0
        reply.requestTimeout = flags.contains(.requestTimeout) ? wishes.requestTimeout : 0
        let agreed = NegotiatedSession(reply, maxPages: maxPages, pageSize: wishes.pageSize)
        self = .reply(reply, agreed: agreed)
    }

    /// Which flags to accept.
    private static func agree(offered: InitFlags, wishes: ServerWishes) -> InitFlags {
        // The number of pages and large writes cost nothing; without them a request carries one page or 32.
        var wanted = wishes.flags.union([.maxPages, .bigWrites]).subtracting([.extendedInit, .reserved])
        if wishes.requestTimeout == 0 {
            wanted.remove(.requestTimeout)
        }
        var flags = offered.intersection(wanted)
        // The kernel ignores passthrough beside its writeback cache, or without a depth: do not believe we have it.
        if flags.contains(.writebackCache) || wishes.maxStackDepth == 0 {
            flags.remove(.passthrough)
        }
        if flags.contains(.passthrough) {
            // Writes that pass through tell the server nothing, and with V2 the kernel leaves set-ID bits to it
            // (fuse_setattr drops ATTR_KILL_SUID): nobody would clear them. Nor would anyone on O_TRUNC, which without
            // V2 says nothing of them either; as a SETATTR of its own it does.
            flags.remove([.handleKillPrivilegesV2, .atomicTruncate])
        }
        // Of the two, the kernel would take the automatic one.
        if flags.contains(.explicitInvalidateData) { flags.remove(.autoInvalidateData) }
        if !flags.contains(.overIOUring) {
            flags.remove(.ioUringBufferPool)
        }
        if flags.rawValue >> 32 != 0 {
            // Without it the kernel does not read the upper half. It was offered: `InitRequest` reads none without it.
            assert(offered.contains(.extendedInit))
            flags.insert(.extendedInit)
        }
        return flags
    }

    /// The threshold wished for, never above the number of requests itself, which the kernel would ignore.
    private static func congestionThreshold(_ wishes: ServerWishes) -> UInt16 {
        guard wishes.maxBackground > 0 else { return wishes.congestionThreshold ?? 0 }
        let threshold = wishes.congestionThreshold ?? UInt16(UInt32(wishes.maxBackground) * 3 / 4)
        return min(max(1, threshold), wishes.maxBackground)
    }
}
