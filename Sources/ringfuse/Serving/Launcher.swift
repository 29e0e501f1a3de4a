import CRingFUSE
import Glibc
import Synchronization
import SystemPackage

/// The process that started this one in the background and waits to hear whether the mount answers.
struct Launcher: Sendable {
    /// What a server tells.
    enum Message: Equatable {
        /// The mount answers; what the user is to read.
        case ready(report: String)
        /// It does not: the exit code, and why in one line.
        case failed(code: Int32, line: String)
    }

    /// The pipe to it.
    private let pipe: FileDescriptor

    /// The launcher of this process; nil where a user or a service manager started it.
    static let inherited: Launcher? = {
        guard let text = Environment.value(of: RFUSE_READY_VARIABLE), let number = Int32(text) else { return nil }
        // A program that the server starts must not take itself for a server.
        unsafe unsetenv(RFUSE_READY_VARIABLE)
        guard number > 2, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return Launcher(pipe: FileDescriptor(rawValue: number))
    }()

    /// Whether it was told something: the pipe is closed then, and its number may be another file's.
    private static let hasTold = Atomic(false)

    /// Tells the launcher, which ends then; nothing after that.
    ///
    /// - Returns: whether it still listens.
    @discardableResult
    func tell(_ message: Message) -> Bool {
        guard !Self.hasTold.exchange(true, ordering: .relaxed) else { return false }
        let text =
            switch message {
            case .ready(let report): "0\n\(report)"
            case .failed(let code, let line): "\(code)\n\(line)"
            }
        let result = try? pipe.writeAll(text.utf8)
        try? pipe.close()
        return result != nil
    }

    /// Understands what a server told; nil where it told nothing.
    static func message(from text: String) -> Message? {
        let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let code = Int32(parts[0]) else { return nil }
        let rest = String(parts[1])
        return code == 0 ? .ready(report: rest) : .failed(code: code, line: rest)
    }
}

// MARK: - The launching side

extension Launcher {
    /// Starts this program again with the same arguments, waits until its mount answers, and ends with what it told.
    static func launch() throws -> Never {
        let ends = try FileDescriptor.pipe()
        _ = fcntl(ends.readEnd.rawValue, F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends.writeEnd.rawValue, F_SETFD, FD_CLOEXEC)
        let process = try start(ready: ends.writeEnd)
        // Our copy, closed so that a server that dies ends the wait.
        try ends.writeEnd.close()
        switch message(from: TextFile.read(ends.readEnd)) {
        case .ready(let report):
            print(report)
            exit(0)
        case .failed(let code, let line):
            StandardError.write("ringfuse: \(line)")
            exit(code)
        case nil:
            StandardError.write("ringfuse: the server ended before its mount answered (\(ending(of: process)))")
            exit(1)
        }
    }

    /// Starts the server.
    private static func start(ready: FileDescriptor) throws -> pid_t {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard unsafe readlink("/proc/self/exe", &path, path.count - 1) > 0 else { throw Errno(rawValue: errno) }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        defer { unsafe arguments.forEach { unsafe free($0) } }
        unsafe arguments.append(nil)
        let process = unsafe rfuse_spawn_daemon(path, arguments, ready.rawValue)
        guard process > 0 else { throw Errno(rawValue: -process) }
        return process
    }

    /// How a process ended, for people.
    private static func ending(of process: pid_t) -> String {
        var status: Int32 = 0
        var result: pid_t
        repeat { result = unsafe waitpid(process, &status, 0) } while result < 0 && errno == EINTR
        guard result == process else { return "its end is unknown" }
        return status & 0x7f == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
    }
}
