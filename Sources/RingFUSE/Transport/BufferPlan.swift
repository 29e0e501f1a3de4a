/// How deep queues are, given what their memory may be.
struct BufferPlan: Equatable {
    /// Entries of each queue.
    let depth: Int
    /// Bytes mapped for all of them.
    let byteCount: Int
    /// What was lowered, for the user; `nil` where nothing was.
    let notice: String?

    /// Plans the buffers of a number of queues.
    ///
    /// - Parameters:
    ///   - depth: entries wished for; at least 1.
    ///   - limit: bytes for all queues, or `nil`.
    ///   - reserved: bytes of the limit that other buffers take; not in ``byteCount``.
    init(queues: Int, depth wished: Int, payloadCapacity: Int, limit: Int?, reserved: Int = 0) {
        let entry = EntryBuffers.byteCount(depth: 1, payloadCapacity: payloadCapacity)
        let affordable = limit.map { ($0 - reserved) / max(1, entry * queues) } ?? .max
        depth = max(1, min(wished, affordable))
        byteCount = entry * depth * queues
        guard let limit, depth < wished else {
            notice = nil
            return
        }
        let total = byteCount + reserved
        let overrun = total > limit ? "; one entry a queue is the least, and takes \(total) bytes" : ""
        notice = "depth lowered from \(wished) to \(depth) to keep buffers within \(limit) bytes\(overrun)"
    }
}
