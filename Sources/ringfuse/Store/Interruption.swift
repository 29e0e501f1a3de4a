import Dispatch
import Glibc
import NetworkStore

/// What SIGINT and SIGTERM do to a command that has something half done: drafts of files go, a line says what becomes of the rest, and the
/// process ends by the signal, as it would have without this.
final class Interruption {
    private let sources: [any DispatchSourceSignal]

    /// Listens from now on, for as long as this lives.
    ///
    /// - Parameter text: what a user who stops the command is told, after "interrupted: ". Gets the files whose drafts were removed.
    init(_ text: @escaping @Sendable ([String]) -> String) {
        let queue = DispatchQueue(label: "ringfuse.signals")
        sources = [SIGINT, SIGTERM].filter { !Self.isIgnored($0) }.map { number in
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let removed = DraftFile.removeAll()
                // Over a line that tells how far it is.
                let start = isatty(STDERR_FILENO) == 1 ? "\r\u{1b}[K" : ""
                StandardError.write("\(start)ringfuse: interrupted: \(text(removed))")
                Self.end(by: number)
            }
            source.activate()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }

    /// Whether whoever has started the command wants it to outlive a signal, as `nohup` and shells in the background do.
    private static func isIgnored(_ number: CInt) -> Bool {
        let former = signal(number, SIG_IGN)
        _ = signal(number, former)
        return unsafe unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Ends the process by a signal, so that a shell that runs a script stops, too.
    private static func end(by number: CInt) {
        _ = signal(number, SIG_DFL)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, number)
        // Threads of Dispatch let none through.
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
    }
}
