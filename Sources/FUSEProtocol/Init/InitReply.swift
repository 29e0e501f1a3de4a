package import CRingFUSE

/// The answer to INIT, `fuse_init_out`; its major version is always 7.
package struct InitReply: Equatable, Sendable {
    /// The minor version to be spoken.
    package var minor: UInt32
    /// Most bytes to be read ahead.
    package var maxReadahead: UInt32 = 0
    /// What is accepted of the kernel's offer.
    package var flags: InitFlags = []
    /// Most requests in the background.
    package var maxBackground: UInt16 = 0
    /// Requests in the background from which on the device counts as congested.
    package var congestionThreshold: UInt16 = 0
    /// Most bytes in one WRITE.
    package var maxWrite: UInt32 = 0
    /// Granularity of times, in nanoseconds.
    package var timeGranularity: UInt32 = 0
    /// Most pages in one request.
    package var maxPages: UInt16 = 0
    /// How many file systems may be stacked below, for passthrough.
    package var maxStackDepth: UInt32 = 0
    /// After how many seconds a request not answered aborts the connection; 0 is never.
    package var requestTimeout: UInt16 = 0

    /// An answer that says nothing but the version.
    package init(minor: UInt32) {
        self.minor = minor
    }

    /// Size in bytes of what is sent: kernels before 7.23 take 24 bytes and no other size.
    package var byteCount: Int {
        minor < 23 ? Int(FUSE_COMPAT_22_INIT_OUT_SIZE) : MemoryLayout<fuse_init_out>.size
    }

    /// The structure of the ABI.
    package var raw: fuse_init_out {
        var raw = fuse_init_out()
        raw.major = FUSE_KERNEL_VERSION
        raw.minor = minor
        raw.max_readahead = maxReadahead
        raw.flags = UInt32(truncatingIfNeeded: flags.rawValue)
        raw.max_background = maxBackground
        raw.congestion_threshold = congestionThreshold
        raw.max_write = maxWrite
        raw.time_gran = timeGranularity
        raw.max_pages = maxPages
        raw.flags2 = UInt32(truncatingIfNeeded: flags.rawValue >> 32)
        raw.max_stack_depth = maxStackDepth
        raw.request_timeout = requestTimeout
        return raw
    }

    /// Appends `byteCount` bytes; throws `noRoom`.
    package func encode(into output: inout OutputRawSpan) throws(WireError) {
        try output.append(raw, firstBytes: byteCount)
    }
}
