internal import Glibc

/// Tells on standard error what is under way and how long it will take: one line that is rewritten on a terminal, a line
/// for each step elsewhere.
public struct Progress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private let total: Int
    private var done = 0

    /// Of so many steps.
    public init(total: Int) {
        self.total = total
    }

    /// A step begins.
    mutating func begin(_ step: Plan.Step, of rounds: Int) {
        let left = remaining.map { ", \($0) left" } ?? ""
        show(
            "[\(done + 1)/\(total)] round \(step.round + 1) of \(rounds)\(left): \(step.workload.entry.name): "
                + step.contender.name)
    }

    /// A step has ended, or is left out.
    mutating func end() {
        done += 1
    }

    /// A line that stays.
    func tell(_ line: String) {
        write(isTerminal ? "\r\u{1b}[Kringfuse: \(line)\n" : "ringfuse: \(line)\n")
    }

    /// Takes the line away.
    func close() {
        if isTerminal { write("\r\u{1b}[K") }
    }

    /// What is left at the pace so far; nil before there is one.
    private var remaining: String? {
        guard done > 0 else { return nil }
        let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(done) * Double(total - done)
        return seconds < 90 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
    }

    private func show(_ line: String) {
        guard isTerminal else { return write(line + "\n") }
        var size = winsize()
        let width = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
        write("\r\u{1b}[K" + (width > 0 ? String(line.prefix(width - 1)) : line))
    }

    private func write(_ text: String) {
        // Where nobody reads it, it is lost.
        _ = unsafe Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
