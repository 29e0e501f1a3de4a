import RingFUSE
import SystemPackage

/// The example of README.md, word for word: `ReadmeExampleTests` compares them.
// README: begin
struct Hello: FileSystem {
    let text: [UInt8] = Array("Hello from RingFUSE.\n".utf8)
    let file = NodeID(2)

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        guard directory == .root, name == "hello.txt" else { throw .noSuchFileOrDirectory }
        return Entry(node: file, attributes: Attributes(node: file, mode: .regular, size: UInt64(text.count)))
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let isFile = node == file
        let size = isFile ? UInt64(text.count) : 0
        return AttributesReply(Attributes(node: node, mode: isFile ? .regular : .directory, size: size))
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        for byte in text.dropFirst(Int(clamping: offset)).prefix(buffer.freeCapacity) { buffer.append(byte) }
    }

    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard cookie == 0 else { return }
        StoredName("hello.txt").withName { name in
            _ = listing.append(name, inode: file.rawValue, type: .regular, cookie: 1)
        }
    }
}
// README: end
