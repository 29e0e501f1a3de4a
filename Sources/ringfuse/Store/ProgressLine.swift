import Glibc
import Synchronization

/// Tells on standard error how far long work is: a line that is rewritten on a terminal, and elsewhere one every few
/// seconds, so that a log does not fill up. What is over at once is not told at all.
final class ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let last = Mutex<(shown: ContinuousClock.Instant, isShown: Bool)>((.now, false))

    private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }

    /// Shows a state, unless another was shown a moment ago.
    func show(_ text: String) {
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard now - last.shown >= interval else { return false }
            last = (now, true)
            return true
        }
        guard isDue else { return }
        if isTerminal {
            StandardError.write("\r\u{1b}[K\(text)", ending: "")
        } else {
            StandardError.write("ringfuse: \(text)")
        }
    }

    /// Takes the line away.
    func close() {
        let wasShown = last.withLock { $0.isShown }
        if isTerminal, wasShown { StandardError.write("\r\u{1b}[K", ending: "") }
    }
}
