/// A queue of the kernel and the memory of its entries.
package final class QueueArena: Sendable {
    /// The queue's number: that of its CPU.
    package let queue: UInt16
    /// Whether this queue is registered last of all; see ``RingChannel/start()``.
    package let opensGate: Bool
    /// The memory of its entries.
    package let buffers: EntryBuffers
    /// An entry that is to be refused; see ``SessionConfiguration/ShortEntry``.
    let shortEntry: Int?

    /// Entries of the queue.
    package var depth: Int { buffers.count }

    /// A queue with its memory.
    package init(queue: UInt16, opensGate: Bool, buffers: consuming EntryBuffers, shortEntry: Int? = nil) {
        self.queue = queue
        self.opensGate = opensGate
        self.buffers = buffers
        self.shortEntry = shortEntry
    }
}
