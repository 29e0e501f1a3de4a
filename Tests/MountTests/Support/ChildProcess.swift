import CTestSupport
import Foundation
import Synchronization
import SystemPackage

/// A program that a test runs. It has a thread that waits for it, and dies with the test process at the latest.
final class ChildProcess: Sendable {
    /// How a program ended.
    struct Ending: Sendable {
        /// Its exit code; -1 where a signal ended it.
        let exitCode: Int32
        /// The signal that ended it; 0 for none.
        let signal: Int32
        /// Whether it was killed because its time was up.
        let timedOut: Bool
        /// How long it ran.
        let elapsed: Duration
        /// What it wrote to its outputs.
        let text: String

        /// Whether it succeeded.
        var isSuccess: Bool { exitCode == 0 && !timedOut }
    }

    private enum State {
        case running
        case reaped
        /// The output is closed; this is what it was.
        case closed(String)
    }

    /// Its number.
    let identifier: pid_t
    private let output: FileDescriptor
    private let state = Mutex(State.running)
    private let ending = Promise<Ending>()

    private init(identifier: pid_t, output: FileDescriptor) {
        self.identifier = identifier
        self.output = output
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: its name, searched for in PATH, and its arguments.
    ///   - directory: where it runs.
    ///   - limit: how long it may run; then its process group is killed.
    static func start(
        _ words: [String],
        in directory: FilePath? = nil,
        limit: Duration = .seconds(60)
    ) async throws -> ChildProcess {
        let started = Promise<Result<ChildProcess, Errno>>()
        // The program dies with the thread that starts it, so that thread is the one that waits for it.
        Thread.detachNewThread {
            let result = Result { () throws(Errno) in try spawn(words, in: directory) }
            started.keep(result)
            if case .success(let child) = result { child.watch(limit: limit * patience) }
        }
        return try await started.value(within: .seconds(30), "start of \(words[0])").get()
    }

    private static func spawn(_ words: [String], in directory: FilePath?) throws(Errno) -> ChildProcess {
        let output = rfuse_test_memory_file()
        guard output >= 0 else { throw Errno(rawValue: -output) }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        let identifier = unsafe rfuse_test_spawn(arguments, directory?.string, output)
        unsafe arguments.forEach { unsafe free($0) }
        guard identifier > 0 else {
            _ = close(output)
            throw Errno(rawValue: -identifier)
        }
        return ChildProcess(identifier: identifier, output: FileDescriptor(rawValue: output))
    }

    /// Sends a signal to the program, unless it has ended.
    func signal(_ number: Int32) {
        state.withLock { if case .running = $0 { _ = kill(identifier, number) } }
    }

    /// What it has written so far, or had when it ended.
    var text: String {
        state.withLock { state in
            if case .closed(let text) = state { text } else { written }
        }
    }

    /// What the output holds; it is open.
    private var written: String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try? unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe try output.read(fromAbsoluteOffset: 0, into: bytes)
        }
        return String(decoding: bytes[..<(count ?? 0)], as: UTF8.self)
    }

    /// Whether it has ended.
    var hasEnded: Bool { ending.current != nil }

    /// Waits for its end.
    func ended(within limit: Duration = .seconds(120)) async throws -> Ending {
        try await ending.value(within: limit, "end of process \(identifier)")
    }

    /// Waits until it has written a text.
    func wrote(_ line: String) async throws {
        try await eventually("'\(line)' from process \(identifier), which wrote '\(text)'") {
            text.contains(line) || hasEnded
        }
        guard text.contains(line) else { throw EndedEarly(text: text) }
    }

    /// Waits for the program, and kills it when its time is up.
    private func watch(limit: Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        let timedOut = rfuse_test_wait(identifier, Int32(limit / .milliseconds(1))) != 1
        // What the program has left behind in its group goes too: nothing of a test outlives it.
        kill(-identifier, SIGKILL)
        // One that waits in the kernel for a server dies when the test has ended the mount.
        _ = rfuse_test_wait(identifier, -1)
        var (exitCode, signal): (Int32, Int32) = (-1, 0)
        state.withLock { state in
            _ = unsafe rfuse_test_reap(identifier, &exitCode, &signal)
            state = .reaped
        }
        let text = state.withLock { state in
            let text = written
            state = .closed(text)
            try? output.close()
            return text
        }
        ending.keep(
            Ending(
                exitCode: exitCode, signal: signal, timedOut: timedOut, elapsed: clock.now - start, text: text))
    }
}

/// A program ended before it had written what was waited for.
struct EndedEarly: Error, CustomStringConvertible {
    /// What it had written.
    let text: String

    /// One line and more.
    var description: String { "ended early: \(text)" }
}
