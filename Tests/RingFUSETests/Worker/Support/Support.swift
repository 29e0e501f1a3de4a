import FUSEProtocol
import Glibc
import Synchronization
import TestSupport

@testable import RingFUSE

/// What workers told their session, as text.
final class EventLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let ends = Atomic(0)

    /// Takes an event down.
    /// The end of the connection is counted, not listed: every worker tells it.
    func add(_ event: WorkerEvent) {
        if case .disconnected = event {
            ends.add(1, ordering: .relaxed)
        } else {
            lines.withLock { $0.append("\(event)") }
        }
    }

    /// How often the end of the connection was told.
    var endCount: Int { ends.load(ordering: .relaxed) }

    /// Everything so far.
    var all: [String] { lines.withLock { $0 } }
}

/// What kernel and server agreed on in the tests: payloads of 8192 bytes.
func agreedSession(minor: UInt32 = 45, flags: InitFlags = [.maxPages, .extendedSetXattr]) -> NegotiatedSession {
    let bytes = KernelRequest.initialize(minor: minor, flags: flags).argument
    guard let request = try? InitRequest(RawSpan(_elements: bytes.span)),
        case .reply(_, let agreed) = InitNegotiation(request: request, wishes: testWishes(flags))
    else { fatalError("what these tests offer can be agreed on") }
    return agreed
}

/// What the tests' server wishes for.
func testWishes(_ flags: InitFlags = [.maxPages, .extendedSetXattr]) -> ServerWishes {
    ServerWishes(
        flags: flags,
        maxWrite: 8192,
        maxPages: 2,
        maxReadahead: 65536,
        maxBackground: 16,
        pageSize: 4096
    )
}

/// A dispatcher for a backend, whose interrupts go to a mailbox.
func makeDispatcher(
    _ backend: ScriptedBackend,
    _ mailbox: Mailbox,
    _ events: EventLog,
    flags: InitFlags = [.maxPages, .extendedSetXattr]
) -> Dispatcher<ScriptedBackend> {
    Dispatcher(
        backend: backend,
        agreed: agreedSession(flags: flags),
        onInterrupt: { mailbox.post(.interrupt(unique: $0)) },
        onEvent: { events.add($0) }
    )
}

/// Runs a body on a foreign thread and waits for its end.
func onForeignThread(_ body: @escaping @Sendable () -> Void) throws {
    try DedicatedThread(name: "foreign") { _ in body() }.join()
}

/// Hands one value from a thread to another.
final class Handoff<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    /// Gives the value.
    func put(_ new: Value) { value.withLock { $0 = new } }

    /// Waits for the value.
    func take() -> Value {
        while true {
            if let taken = value.withLock({ $0 }) { return taken }
            usleep(100)
        }
    }
}
