import RingFUSE
import Synchronization
import SystemPackage

/// A backend that notes what it is told beyond operations; whatever is made is node 2.
final class ToldBackend: FileSystem {
    /// What came with one request.
    struct Told: Equatable {
        var name = ""
        var label: String?
        var value: [UInt8] = []
        var group: UInt32?
        var flags: OpenFlags = []
        var clearsSetGroupID: Bool?
    }

    let features: FileSystemFeatures = [.clearsPrivileges, .truncatesOnOpen]
    private let reply: OpenReply
    private let told = Mutex<[Told]>([])

    /// A backend that answers all opens alike.
    init(_ reply: OpenReply = OpenReply()) { self.reply = reply }

    /// What came so far.
    var all: [Told] { told.withLock { $0 } }

    private func note(_ one: Told) { told.withLock { $0.append(one) } }

    private func make(_ name: Name, _ context: borrowing RequestContext, _ flags: OpenFlags = []) -> Entry {
        var one = Told(name: String(name), group: context.supplementaryGroup, flags: flags)
        if let security = context.securityContext {
            one.label = String(security.name)
            for offset in security.value.byteOffsets {
                one.value.append(unsafe security.value.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            }
        }
        note(one)
        return Entry(node: NodeID(2), attributes: Attributes(node: NodeID(2), mode: .regular))
    }

    func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        make(name, context)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        throw .noFunction
    }

    func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        make(name, context)
    }

    func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        make(name, context)
    }

    func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        make(name, context)
    }

    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        note(Told(name: "open", flags: flags))
        return reply
    }

    func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        CreateReply(entry: make(name, context, flags), file: reply)
    }

    func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let entry = StoredName("unnamed").withName { make($0, context, flags) }
        return CreateReply(entry: entry, file: reply)
    }

    func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        note(Told(name: String(name), clearsSetGroupID: context.clearsSetGroupID))
    }
}
