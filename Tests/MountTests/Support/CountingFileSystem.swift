import RingFUSE
import SystemPackage

/// One file of a megabyte; an actor that all workers share counts its reads.
final class CountingFileSystem: FileSystem {
    /// What is shared.
    actor Counter {
        private(set) var count = 0

        /// Counts one, giving others a turn in between.
        func add() async {
            let before = count
            count += 1
            if before % 3 == 0 { await Task.yield() }
        }
    }

    /// Counts reads.
    let counter = Counter()

    private static let file = NodeID(2)
    private static let size: UInt64 = 1 << 20

    private func attributes(of node: NodeID) -> Attributes {
        node == Self.file
            ? Attributes(node: node, mode: .regular, size: Self.size)
            : Attributes(node: node, mode: .directory, linkCount: 2)
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard name == "file" else { throw .noSuchFileOrDirectory }
        return Entry(node: Self.file, attributes: attributes(of: Self.file))
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node))
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        await counter.add()
        let count = min(buffer.freeCapacity, Int(clamping: Self.size - min(offset, Self.size)))
        for _ in 0..<count { buffer.append(UInt8(ascii: "x")) }
    }
}
