import RingFUSE
import Synchronization
import SystemPackage

/// One file `file` that can be exported, whose node number is used again, with another generation, for what replaces
/// it.
final class ReusingFileSystem: FileSystem {
    private struct State {
        var generation: UInt64 = 5
        var forgotten: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Has another file take the place and the number of the first.
    func replace() { state.withLock { $0.generation += 1 } }

    /// Lookups taken back.
    var forgotten: UInt64 { state.withLock { $0.forgotten } }

    var features: FileSystemFeatures { .exportable }

    func forget(_ node: NodeID, lookups: UInt64) { state.withLock { $0.forgotten += lookups } }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        // A parent is told with a generation of its own, as a careless backend does.
        let node = name.isDotOrDotDot ? (name == "." ? directory : .root) : NodeID(2)
        guard name == "file" || name.isDotOrDotDot else { throw .noSuchFileOrDirectory }
        let generation = state.withLock { $0.generation }
        return Entry(node: node, attributes: attributes(of: node), generation: generation, lifetime: .zero)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node), lifetime: .zero)
    }

    private func attributes(of node: NodeID) -> Attributes {
        Attributes(node: node, mode: node == .root ? .directory : .regular, size: 0)
    }
}
