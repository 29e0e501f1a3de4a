import Dispatch
import Glibc
import Synchronization

/// Counts SIGINT and SIGTERM, to tell the second.
///
/// The first is the service group's, which shuts down gracefully and then listens for other signals only. It cannot tell a
/// second one of the same kind, so that one is counted here: Dispatch hands a signal to all of its sources.
final class StopSignals: Sendable {
    /// How many signals came.
    private let count = Mutex(0)

    /// The sources; they must live as long as signals are to be seen.
    private let sources = Mutex<[any DispatchSourceSignal]>([])

    /// Whether a second signal came.
    var isSecond: Bool { count.withLock { $0 > 1 } }

    /// Listens.
    ///
    /// - Parameter second: called once, on a thread of Dispatch, when the second signal comes.
    func listen(second: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "ringfuse.signals")
        for signal in [SIGINT, SIGTERM] {
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                if self.next() == 2 { second() }
            }
            source.activate()
            sources.withLock { $0.append(source) }
        }
    }

    /// Counts one more.
    private func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
