import FUSEProtocol
import FileSystems
import RingFUSE
import Synchronization
import TestSupport

/// A file system in memory behind the dispatcher, served without a kernel: what is between a request's bytes and its
/// answer, and nothing else.
@safe
final class FuzzedServer {
    private static let maxWrite = 4096
    private static let scratchSize = 2048

    private let dispatcher: Dispatcher<MemoryFileSystem>
    private let executor = StepExecutor()
    private let io = IOEngine()

    /// A server of an empty file system that is small enough to be filled.
    init() {
        // Small, so that its limits are met, and so that no input makes it grow without bound.
        let backend = MemoryFileSystem(byteLimit: 256 * 1024, nodeLimit: 200, mode: 0o777, locks: .backend)
        dispatcher = Dispatcher(backend: backend, agreed: Self.agreed, onInterrupt: { _ in }, onEvent: { _ in })
    }

    /// What a kernel of 7.46 agrees to with a server that wants everything.
    private static let agreed: NegotiatedSession = {
        let offer = RequestBuilder().adding(UInt32(7)).adding(UInt32(46)).adding(UInt32(131_072)).adding(UInt32.max)
            .adding(UInt32.max).adding(octets: [UInt8](repeating: 0, count: 44))
        let wishes = ServerWishes(
            flags: InitFlags(rawValue: .max), maxWrite: UInt32(maxWrite), maxPages: 1, maxReadahead: 0,
            maxBackground: 12, pageSize: 4096)
        guard let request = try? InitRequest(raw(offer.octets)),
            case .reply(_, let agreed) = InitNegotiation(request: request, wishes: wishes)
        else { preconditionFailure("a good INIT was refused") }
        return agreed
    }()

    /// Serves a request to its end, and stops where the answer is none that the kernel could take.
    func serve(_ request: ScriptedRequest) {
        let memory = EntryMemory(payloadCapacity: Self.agreed.payloadCapacity, scratchSize: Self.scratchSize)
        guard let frame = memory.fill(request) else { return }
        var answer = dispatcher.attempt(frame, io)
        if answer.kind == .deferred {
            answer = finish(frame, isInterrupted: request.settings & 2 != 0)
        }
        precondition(answer.kind != .deferred)
        precondition((0..<512).contains(answer.error))
        precondition(answer.length >= 0 && answer.length <= Self.agreed.payloadCapacity)
        precondition(answer.error == 0 || answer.length == 0)
    }

    /// Serves a deferred request; one that waits (for a lock, say) is interrupted, and must then end.
    private func finish(_ frame: RequestFrame, isInterrupted: Bool) -> Answer {
        let answer = Mutex<Answer?>(nil)
        nonisolated(unsafe) let frame = frame
        // The pointers outlive the task, which has ended when this function returns.
        return withoutActuallyEscaping({ (value: Answer) in answer.withLock { $0 = value } }) { deliver in
            nonisolated(unsafe) let deliver = deliver
            let task = Task(executorPreference: executor) { [dispatcher, io] in
                unsafe deliver(await dispatcher.serve(frame, io))
            }
            if isInterrupted { task.cancel() }
            executor.run()
            if answer.withLock({ $0 == nil }) {
                task.cancel()
                executor.run()
            }
            guard let answer = answer.withLock({ $0 }) else {
                preconditionFailure("a request was neither answered nor gave way to its interrupt")
            }
            return answer
        }
    }
}
