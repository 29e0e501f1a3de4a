import Glibc
import RingFUSE
import Synchronization
import SystemPackage

/// Three files: reads of `deaf` wait until they are released, whatever happens to their callers; reads of `blocking` do
/// so on the worker's own thread; reads of `quick` do not wait.
final class StubbornFileSystem: FileSystem {
    private let isReleased = Atomic(false)
    private let waiting = Atomic(0)

    /// Reads that wait.
    var waitingCount: Int { waiting.load(ordering: .relaxed) }

    /// Lets all reads go on, from now on.
    func release() { isReleased.store(true, ordering: .relaxed) }

    private func attributes(of node: NodeID) -> Attributes {
        node == .root
            ? Attributes(node: node, mode: .directory, linkCount: 2)
            : Attributes(node: node, mode: .regular, size: 4096)
    }

    private func entry(_ node: NodeID) -> Entry { Entry(node: node, attributes: attributes(of: node)) }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        if name == "deaf" { return entry(NodeID(2)) }
        if name == "blocking" { return entry(NodeID(3)) }
        if name == "quick" { return entry(NodeID(4)) }
        throw .noSuchFileOrDirectory
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node))
    }

    func open(_ node: NodeID, _ flags: OpenFlags, _ context: borrowing RequestContext) throws(Errno) -> OpenReply {
        OpenReply(options: .directIO)
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard offset < 4096 else { return }
        waiting.add(1, ordering: .relaxed)
        if file.node.rawValue == 2 { await waitDeaf() }
        if file.node.rawValue == 3 { while !isReleased.load(ordering: .relaxed) { usleep(1000) } }
        waiting.subtract(1, ordering: .relaxed)
        unsafe buffer.append(repeating: UInt8(ascii: "x"), count: min(buffer.freeCapacity, 4096), as: UInt8.self)
    }

    /// A cancelled task cannot sleep: another one does.
    private func waitDeaf() async {
        let task = Task.detached {
            while !self.isReleased.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(5)) }
        }
        await task.value
    }
}
