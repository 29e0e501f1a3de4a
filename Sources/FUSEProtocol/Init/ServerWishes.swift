/// What the server would like to agree on in INIT.
package struct ServerWishes: Equatable, Sendable {
    /// Flags wanted; those that follow from others (`INIT_EXT`, `MAX_PAGES`, `BIG_WRITES`) need not be among them.
    package var flags: InitFlags
    /// Most bytes in one WRITE.
    package var maxWrite: UInt32
    /// Most pages in one request.
    package var maxPages: UInt16
    /// Most bytes to be read ahead.
    package var maxReadahead: UInt32
    /// Most requests in the background; 0 leaves it to the kernel.
    package var maxBackground: UInt16
    /// Requests in the background from which on the device counts as congested; nil is 3/4 of `maxBackground`.
    package var congestionThreshold: UInt16?
    /// Granularity of times, in nanoseconds.
    package var timeGranularity: UInt32
    /// How many file systems may be stacked below, for passthrough: 1 or 2.
    package var maxStackDepth: UInt32
    /// After how many seconds a request not answered aborts the connection; 0 is never.
    package var requestTimeout: UInt16
    /// Size of a page of the machine, in bytes.
    package var pageSize: Int

    /// Wishes; sizes in bytes, times as the fields say.
    package init(
        flags: InitFlags,
        maxWrite: UInt32,
        maxPages: UInt16,
        maxReadahead: UInt32,
        maxBackground: UInt16,
        congestionThreshold: UInt16? = nil,
        timeGranularity: UInt32 = 1,
        maxStackDepth: UInt32 = 1,
        requestTimeout: UInt16 = 0,
        pageSize: Int
    ) {
        precondition(pageSize >= 4096 && pageSize & (pageSize - 1) == 0, "not a size of pages: \(pageSize)")
        self.flags = flags
        self.maxWrite = maxWrite
        self.maxPages = maxPages
        self.maxReadahead = maxReadahead
        self.maxBackground = maxBackground
        self.congestionThreshold = congestionThreshold
        self.timeGranularity = timeGranularity
        self.maxStackDepth = maxStackDepth
        self.requestTimeout = requestTimeout
        self.pageSize = pageSize
    }
}
