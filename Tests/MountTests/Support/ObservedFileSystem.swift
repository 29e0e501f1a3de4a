import RingFUSE
import Synchronization
import SystemPackage

/// One file `file`, of which the kernel caches all for ever; tests see the requests that come all the same.
final class ObservedFileSystem: FileSystem {
    /// What has come.
    struct Seen: Sendable {
        /// Lookups of the file.
        var lookUps = 0
        /// Offsets of reads.
        var reads: [UInt64] = []
        /// Reads that were answered.
        var answered = 0
        /// What access(2) asked for, of the file.
        var accesses: [AccessMode] = []
        /// Lookups taken back, by node.
        var forgotten: [NodeID: UInt64] = [:]
    }

    /// Runs in each read, before it is answered; gets the number of the read, from 1 on.
    typealias Hook = @Sendable (Notifier, Int) async -> Void

    /// The file.
    static let file = NodeID(2)

    private struct State {
        var seen = Seen()
        var connection: Connection?
    }

    private let state = Mutex(State())
    private let size: Int
    private let duringRead: Hook?

    /// A file full of the letter `o`.
    init(size: Int = 4096, duringRead: Hook? = nil) {
        self.size = size
        self.duringRead = duringRead
    }

    /// What has come so far.
    var seen: Seen { state.withLock { $0.seen } }

    /// The connection.
    var connection: Connection {
        get throws(Errno) {
            guard let connection = state.withLock({ $0.connection }) else { throw .socketNotConnected }
            return connection
        }
    }

    /// Its notifier.
    var notifier: Notifier { get throws(Errno) { try connection.notifier } }

    func connected(_ connection: Connection) { state.withLock { $0.connection = connection } }

    private func attributes(of node: NodeID) -> Attributes {
        node == Self.file
            ? Attributes(node: node, mode: .regular, size: UInt64(size))
            : Attributes(node: node, mode: .directory, linkCount: 2)
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard name == "file" else { throw .noSuchFileOrDirectory }
        state.withLock { $0.seen.lookUps += 1 }
        return Entry(node: Self.file, attributes: attributes(of: Self.file), lifetime: .forever)
    }

    func forget(_ node: NodeID, lookups: UInt64) {
        state.withLock { $0.seen.forgotten[node, default: 0] += lookups }
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node), lifetime: .forever)
    }

    /// Writing is forbidden; nothing else is.
    func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        if node == Self.file { state.withLock { $0.seen.accesses.append(mode) } }
        if mode.contains(.write) { throw .permissionDenied }
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let number = state.withLock { state in
            state.seen.reads.append(offset)
            return state.seen.reads.count
        }
        if let duringRead { await duringRead(try notifier, number) }
        let count = min(buffer.freeCapacity, max(0, size - Int(clamping: offset)))
        unsafe buffer.append(repeating: UInt8(ascii: "o"), count: count, as: UInt8.self)
        state.withLock { $0.seen.answered += 1 }
    }
}
