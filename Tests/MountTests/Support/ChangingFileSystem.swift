import RingFUSE
import Synchronization
import SystemPackage

/// One file whose content and whose name change behind the kernel's back, which caches both for ever.
final class ChangingFileSystem: FileSystem {
    private struct State {
        var text = "old"
        var isNamed = true
        var notifier: Notifier?
    }

    private static let file = NodeID(2)
    private let state = Mutex(State())

    /// Changes the content; the kernel is not told.
    func write(_ text: String) { state.withLock { $0.text = text } }

    /// Takes the name away; the kernel is not told.
    func removeName() { state.withLock { $0.isNamed = false } }

    /// Tells the kernel that the content has changed.
    func tellContent() throws(Errno) { try notifier().invalidate(Self.file) }

    /// Tells the kernel that the name is gone.
    func tellName() throws(Errno) { try notifier().invalidate("file", in: .root) }

    /// The notifier of the connection, also after its end.
    func notifier() throws(Errno) -> Notifier {
        guard let notifier = state.withLock({ $0.notifier }) else { throw .socketNotConnected }
        return notifier
    }

    func connected(_ connection: Connection) { state.withLock { $0.notifier = connection.notifier } }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard name == "file", state.withLock({ $0.isNamed }) else { throw .noSuchFileOrDirectory }
        return Entry(node: Self.file, attributes: attributes(of: Self.file), lifetime: .forever)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node), lifetime: .forever)
    }

    private func attributes(of node: NodeID) -> Attributes {
        guard node == Self.file else { return Attributes(node: node, mode: .directory, linkCount: 2) }
        return Attributes(node: node, mode: .regular, size: UInt64(state.withLock { $0.text.utf8.count }))
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let text = state.withLock { $0.text }
        for byte in text.utf8.dropFirst(Int(clamping: offset)).prefix(buffer.freeCapacity) { buffer.append(byte) }
    }
}
