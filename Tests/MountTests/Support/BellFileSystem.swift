import RingFUSE
import Synchronization
import SystemPackage

/// A file `bell` that can be polled: it is readable once it has been rung; and a file `brick` that cannot.
///
/// As a driver does, it keeps the handles of who waits and wakes them all when something comes.
final class BellFileSystem: FileSystem {
    /// What has come.
    struct Seen: Sendable, Equatable {
        /// Polls.
        var polls = 0
        /// Files that were opened and are not closed.
        var open = 0
        /// Handles to wake.
        var waiting = 0
    }

    private struct State {
        var notifier: Notifier?
        var isRung = false
        var polls = 0
        var lastHandle: UInt64 = 0
        /// Of each open file, the handle to wake, once somebody has waited.
        var open: [HandleID: PollHandle?] = [:]
    }

    private static let bell = NodeID(2)
    private static let brick = NodeID(3)
    /// `POLLIN | POLLRDNORM` and `POLLOUT | POLLWRNORM`.
    private static let readable: UInt32 = 0x41
    private static let writable: UInt32 = 0x104

    private let state = Mutex(State())

    /// What has come so far.
    var seen: Seen {
        state.withLock { state in
            Seen(polls: state.polls, open: state.open.count, waiting: state.open.values.count { $0 != nil })
        }
    }

    /// Makes the bell readable and wakes all who wait.
    func ring() throws(Errno) {
        let (notifier, handles) = state.withLock { state in
            state.isRung = true
            return (state.notifier, state.open.values.compactMap { $0 })
        }
        for handle in handles { try notifier?.wake(handle) }
    }

    /// Wakes one that is not there.
    func wakeNobody() throws(Errno) { try state.withLock { $0.notifier }?.wake(PollHandle(rawValue: 1 << 40)) }

    func connected(_ connection: Connection) { state.withLock { $0.notifier = connection.notifier } }

    private func attributes(of node: NodeID) -> Attributes {
        Attributes(node: node, mode: node == .root ? .directory : .regular, size: node == .root ? 0 : 1)
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        if name == "bell" { return Entry(node: Self.bell, attributes: attributes(of: Self.bell)) }
        if name == "brick" { return Entry(node: Self.brick, attributes: attributes(of: Self.brick)) }
        throw .noSuchFileOrDirectory
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node))
    }

    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        state.withLock { state in
            state.lastHandle += 1
            state.open[HandleID(state.lastHandle)] = .some(nil)
            return OpenReply(handle: HandleID(state.lastHandle), options: .directIO)
        }
    }

    func release(_ file: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        state.withLock { _ = $0.open.removeValue(forKey: file.handle) }
    }

    /// Reading stills the bell.
    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        state.withLock { $0.isRung = false }
        if buffer.freeCapacity > 0 { buffer.append(UInt8(ascii: "!")) }
    }

    func poll(
        _ file: OpenFile,
        for events: UInt32,
        _ handle: PollHandle?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> UInt32 {
        guard file.node == Self.bell else { throw .notPermitted }
        return state.withLock { state in
            state.polls += 1
            if let handle { state.open[file.handle] = .some(handle) }
            return events & (state.isRung ? Self.readable | Self.writable : Self.writable)
        }
    }
}
