import Foundation
import Glibc

/// Processes that end with this one.
package enum LastWords {
    private struct Entry {
        let process: Int32
        let directory: String
        let signal: Int32
    }

    nonisolated(unsafe) private static var entries: [Entry] = []
    private static let lock = NSLock()

    /// Has a process end with this one.
    ///
    /// - Parameters:
    ///   - directory: is removed then.
    ///   - signal: what ends it at once.
    package static func add(_ process: Int32, _ directory: String, signal: Int32 = SIGKILL) {
        lock.withLock {
            if unsafe entries.isEmpty { atexit { LastWords.end() } }
            unsafe entries.append(Entry(process: process, directory: directory, signal: signal))
        }
    }

    /// A process has ended before.
    package static func forget(_ process: Int32) {
        lock.withLock { unsafe entries.removeAll { $0.process == process } }
    }

    private static func end() {
        for entry in unsafe entries {
            kill(entry.process, entry.signal)
            var status: Int32 = 0
            _ = unsafe waitpid(entry.process, &status, 0)
            try? FileManager.default.removeItem(atPath: entry.directory)
        }
    }
}
