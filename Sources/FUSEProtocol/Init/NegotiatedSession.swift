import CRingFUSE

/// What kernel and server agreed on.
package struct NegotiatedSession: Equatable, Sendable {
    /// The minor version that is spoken.
    package let minor: UInt32
    /// What was offered and accepted.
    package let flags: InitFlags
    /// Most bytes in one WRITE.
    package let maxWrite: UInt32
    /// Most pages in one request; the kernel may hold to fewer.
    package let maxPages: UInt16
    /// Most bytes to be read ahead.
    package let maxReadahead: UInt32
    /// Most requests in the background.
    package let maxBackground: UInt16
    /// Requests in the background from which on the device counts as congested.
    package let congestionThreshold: UInt16
    /// After how many seconds a request not answered aborts the connection; 0 is never.
    package let requestTimeout: UInt16
    /// Room that the payload of any request or reply needs, in bytes; the ring refuses an entry with less.
    package let payloadCapacity: Int

    /// Takes over what a reply says.
    init(_ reply: InitReply, maxPages: UInt16, pageSize: Int) {
        minor = reply.minor
        flags = reply.flags
        maxWrite = reply.maxWrite
        self.maxPages = maxPages
        maxReadahead = reply.maxReadahead
        maxBackground = reply.maxBackground
        congestionThreshold = reply.congestionThreshold
        requestTimeout = reply.requestTimeout
        payloadCapacity = max(Int(FUSE_MIN_READ_BUFFER), Int(reply.maxWrite), Int(maxPages) * pageSize)
    }
}
