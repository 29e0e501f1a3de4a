/// Who asks, and what a backend may use while it answers.
///
/// It lives as long as the request and cannot be kept.
public struct RequestContext: ~Copyable {
    /// The kernel's number of the request.
    public let unique: UInt64
    /// The file-system user of the caller, in the user namespace of the mount.
    public let userID: UInt32
    /// The file-system group of the caller.
    public let groupID: UInt32
    /// The calling thread, in the PID namespace of the mount; 0 where the kernel itself asks (readahead, writeback).
    public let processID: UInt32
    /// Asynchronous input and output on the worker that serves the request.
    public let io: AsyncIO

    package init(unique: UInt64, userID: UInt32, groupID: UInt32, processID: UInt32, io: consuming AsyncIO) {
        self.unique = unique
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
        self.io = io
    }
}
