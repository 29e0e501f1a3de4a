import FUSEProtocol
import FileSystems
import RingFUSE
import SystemPackage

extension MicroBenchmark {
    /// From a request's bytes to its reply's, answered at once.
    static var dispatching: [MicroBenchmark] {
        let backend = NullFileSystem(openOptions: .directIO)
        let node = makeFile("name", in: backend)
        let dispatcher = Dispatcher(
            backend: backend, agreed: agreedSession, onInterrupt: { _ in }, onEvent: { _ in })
        let io = IOEngine()
        return [
            dispatch("READ of 4 KiB", Message.read(of: node), dispatcher, io),
            dispatch("WRITE of 4 KiB", Message.write(of: node), dispatcher, io),
            dispatch("LOOKUP", Message.lookUp("name"), dispatcher, io),
        ]
    }

    private static func dispatch(
        _ what: String,
        _ message: Message,
        _ handler: RequestHandler,
        _ io: IOEngine
    ) -> MicroBenchmark {
        let start = message.start
        return MicroBenchmark(name: "dispatch: \(what), null") { count in
            var sum = 0
            for _ in 0..<count {
                message.restore(start)
                let answer = handler.attempt(message.frame, io)
                precondition(answer.kind == .reply && answer.error == 0, "\(what) is not answered at once")
                sum &+= answer.length
            }
            keep(UInt64(sum))
        }
    }

    /// A file of the root that has room for what is read and written.
    private static func makeFile(_ name: StoredName, in backend: NullFileSystem) -> UInt64 {
        do throws(Errno) {
            let context = RequestContext(
                unique: 1, userID: 0, groupID: 0, processID: 1, io: AsyncIO(IOEngine()))
            let entry = try name.withName { (name) throws(Errno) in
                try backend.makeNode(
                    named: name, in: .root, NewNode(mode: NodeMode(.regular, permissions: 0o644)), context)
            }
            var changes = AttributeChanges()
            changes.size = 1 << 30
            _ = try backend.setAttributes(changes, of: entry.node, nil, context)
            return entry.node.rawValue
        } catch {
            preconditionFailure("no file: \(error)")
        }
    }

    /// What a session and Linux 6.18 agree on.
    static var agreedSession: NegotiatedSession {
        var words: [UInt32] = [7, 45, 1 << 20, UInt32(truncatingIfNeeded: InitFlags.maxPages.rawValue)]
        words += Array(repeating: 0, count: 12)
        let wishes = ServerWishes(
            flags: [.maxPages], maxWrite: UInt32(Message.capacity), maxPages: 2, maxReadahead: 65536,
            maxBackground: 64, pageSize: 4096)
        guard let request = try? InitRequest(RawSpan(_elements: words.span)),
            case .reply(_, let agreed) = InitNegotiation(request: request, wishes: wishes)
        else { preconditionFailure("what is offered here can be agreed on") }
        return agreed
    }
}
