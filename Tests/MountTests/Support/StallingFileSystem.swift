import RingFUSE
import Synchronization
import SystemPackage

/// Two files: `slow`, whose reads wait until they are interrupted or released, and `quick`, whose reads do not.
///
/// Unlike a delay, it tells tests when a read waits and what became of it, so that they need not guess.
final class StallingFileSystem: FileSystem {
    /// What has become of reads of the slow file.
    struct Counts: Sendable, Equatable {
        /// Reads that wait.
        var waiting = 0
        /// Reads that ended because their callers, or the connection, did.
        var cancelled = 0
        /// Reads that were answered.
        var answered = 0
    }

    private static let slow = NodeID(2)
    private static let quick = NodeID(3)
    private static let size = 4096

    private let state = Mutex((counts: Counts(), isReleased: false))
    private let patience: Duration

    /// Files without owners.
    ///
    /// - Parameter patience: how long a read waits at the most.
    init(patience: Duration = .seconds(30)) {
        self.patience = patience
    }

    /// What has become of reads of the slow file.
    var counts: Counts { state.withLock { $0.counts } }

    /// Lets all reads of the slow file go on.
    func release() { state.withLock { $0.isReleased = true } }

    private func attributes(of node: NodeID) throws(Errno) -> Attributes {
        switch node {
        case .root: Attributes(node: node, mode: .directory, linkCount: 2)
        case Self.slow, Self.quick:
            Attributes(node: node, mode: .regular, size: UInt64(Self.size))
        default: throw .noSuchFileOrDirectory
        }
    }

    func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        if name == "slow" { return Entry(node: Self.slow, attributes: try attributes(of: Self.slow)) }
        if name == "quick" { return Entry(node: Self.quick, attributes: try attributes(of: Self.quick)) }
        throw .noSuchFileOrDirectory
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(try attributes(of: node))
    }

    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        // Each read of a program is one request.
        OpenReply(options: .directIO)
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        if file.node == Self.slow { try await wait() }
        guard offset < UInt64(Self.size) else { return }
        let count = min(buffer.freeCapacity, Self.size - Int(offset))
        unsafe buffer.append(repeating: UInt8(ascii: "x"), count: count, as: UInt8.self)
    }

    private func wait() async throws(Errno) {
        state.withLock { $0.counts.waiting += 1 }
        let clock = ContinuousClock()
        let end = clock.now + patience
        do {
            while !state.withLock({ $0.isReleased }) && clock.now < end {
                try await Task.sleep(for: .milliseconds(5))
            }
        } catch {
            state.withLock { state in
                state.counts.waiting -= 1
                state.counts.cancelled += 1
            }
            throw .interrupted
        }
        state.withLock { state in
            state.counts.waiting -= 1
            state.counts.answered += 1
        }
    }
}
