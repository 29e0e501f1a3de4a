/// What a session chose, told once its mount answers.
public struct SessionStatus: Sendable {
    /// Whether requests come over io_uring.
    public var usesRing: Bool
    /// Why they do not, and what to do about it: one line; `nil` where they do or where the device was asked for.
    public var fallbackReason: String?
    /// Where workers run.
    public var placement: Placement
    /// Entries of each queue.
    public var depth: Int
    /// Bytes mapped for buffers of all queues. Pages that are not used are not backed by memory.
    public var bufferBytes: Int
    /// What was agreed with the kernel.
    public var connection: Connection
    /// What the session lowered or could not have, one line each.
    public var notices: [String]
}
