import RingFUSE
import Synchronization
import SystemPackage

/// One file that can be read, written and cut, by a backend that leaves `open` out.
final class UnopenedFileSystem: FileSystem {
    private static let file = NodeID(2)
    private let content = Mutex<[UInt8]>(Array("what was there at first".utf8))

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard name == "file" else { throw .noSuchFileOrDirectory }
        return Entry(node: Self.file, attributes: attributes(of: Self.file), lifetime: .zero)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node), lifetime: .zero)
    }

    func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        if let size = changes.size {
            content.withLock { content in
                content.removeLast(max(0, content.count - Int(size)))
                content += [UInt8](repeating: 0, count: Int(size) - content.count)
            }
        }
        return AttributesReply(attributes(of: node), lifetime: .zero)
    }

    private func attributes(of node: NodeID) -> Attributes {
        guard node == Self.file else { return Attributes(node: node, mode: .directory, linkCount: 2) }
        return Attributes(node: node, mode: .regular, size: UInt64(content.withLock { $0.count }))
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let content = content.withLock { $0 }
        for byte in content.dropFirst(Int(offset)).prefix(buffer.freeCapacity) { buffer.append(byte) }
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let bytes = unsafe data.withUnsafeBytes { unsafe Array($0) }
        content.withLock { content in
            let end = Int(offset) + bytes.count
            if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
            content.replaceSubrange(Int(offset)..<end, with: bytes)
        }
        return bytes.count
    }
}
