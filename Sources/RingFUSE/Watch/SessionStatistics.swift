/// What a session has done so far, and what it does at this moment.
///
/// Counters are read while workers write them: each is a value that was there, not all of the same moment.
public struct SessionStatistics: Sendable, Codable, Equatable {
    /// What one worker has done.
    public struct Worker: Sendable, Codable, Equatable {
        /// The name of its thread.
        public var name: String
        /// The number of its thread.
        public var thread: Int32
        /// The CPU it is pinned to.
        public var cpu: Int?
        /// The queues it serves; empty for one that reads /dev/fuse.
        public var queues: [Int]
        /// Entries for requests.
        public var entries: Int
        /// Entries that hold a request.
        public var busy: Int
        /// Requests that came.
        public var requests: UInt64
        /// Requests that were left to a task, because they could not be answered at once.
        public var deferred: UInt64
        /// Tasks that were started; they are used again and again.
        public var tasks: UInt64
        /// Replies that are an error, also an expected one such as ENOENT.
        public var errors: UInt64
        /// Bytes of data in replies to READ.
        public var bytesRead: UInt64
        /// Bytes that replies to WRITE acknowledge.
        public var bytesWritten: UInt64
        /// Turns of its loop.
        public var turns: UInt64
        /// `io_uring_enter` on the ring; `read`, `write` and `poll` on the device.
        public var systemCalls: UInt64
    }

    /// The process that serves.
    public var processID: Int32
    /// Where it is mounted.
    public var mountPoint: String
    /// The number of the connection below /sys/fs/fuse/connections.
    public var connection: UInt32?
    /// How requests come: `ring` or `device`.
    public var transport: String
    /// The minor version of the FUSE ABI that was agreed on.
    public var protocolMinor: UInt32
    /// Seconds since the mount answered first.
    public var uptime: Double
    /// Entries of each queue.
    public var depth: Int
    /// Bytes mapped for buffers.
    public var bufferBytes: Int
    /// The workers.
    public var workers: [Worker]
    /// Requests by the kernel's name of their opcode; those that never came are left out.
    public var requests: [String: UInt64]
    /// Notifications that were queued for the kernel.
    public var notifications: UInt64
    /// What the backend tells of itself (``ReportingFileSystem/report``); `nil` where it has nothing to tell.
    public var backend: [String: UInt64]?
    /// Requests that are stuck.
    public var stuckRequests: [StuckRequest]
    /// Workers that are stuck.
    public var stuckWorkers: [StuckWorker]
}
