import Dispatch
import Glibc
import Synchronization

/// Counts SIGINT and SIGTERM, to tell the second and the third.
///
/// The first is the service group's, which shuts down gracefully and then listens for other signals only. It cannot
/// tell a second one of the same kind, so that one is counted here: Dispatch hands a signal to all of its sources.
final class StopSignals: Sendable {
    /// How many signals came.
    private let count = Mutex(0)

    /// Whether a second signal came.
    var isSecond: Bool { count.withLock { $0 > 1 } }

    /// Listens.
    ///
    /// - Parameters:
    ///   - second: called once, on a thread of Dispatch, when the second signal comes.
    ///   - third: likewise, when another one comes.
    /// - Returns: what listens, which must live as long as signals are to be seen.
    func listen(
        second: @escaping @Sendable () -> Void,
        third: @escaping @Sendable () -> Void
    ) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "ringfuse.signals")
        return [SIGINT, SIGTERM].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                switch self.next() {
                case 2: second()
                case 3: third()
                default: break
                }
            }
            source.activate()
            return source
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
