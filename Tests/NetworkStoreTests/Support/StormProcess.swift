import Glibc
import Testing

/// A process of `ringfuse-store-storm`, which is built beside the tests.
@safe
final class StormProcess {
    /// Its number.
    let process: pid_t
    /// How many steps each task said it has done.
    private var steps: [Int: Int] = [:]
    private var isOver = false
    private let output: UnsafeMutablePointer<FILE>

    /// Starts it, and waits until it has a volume.
    init(_ words: String...) throws {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        precondition(count > 0, "every process has an executable")
        let tests = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let program = tests[...(tests.lastIndex(of: "/") ?? tests.startIndex)] + "ringfuse-store-storm"
        var ends: [Int32] = [0, 0]
        precondition(unsafe pipe(&ends) == 0, "no pipe")
        // The other program gets the one that it writes to, as its standard output.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var arguments = unsafe ([String(program)] + words).map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var started: pid_t = 0
        let error = unsafe posix_spawn(&started, String(program), &actions, nil, &arguments, environ)
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        process = started
        unsafe output = fdopen(ends[0], "r")
        try #require(error == 0, "\(program) cannot be started")
        try #require(line() == "ready")
    }

    deinit {
        kill()
        unsafe fclose(output)
    }

    /// What it says next; `nil` when it has ended.
    func line() -> String? {
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { unsafe free(text) }
        let count = unsafe getline(&text, &size, output)
        guard count > 0, let text = unsafe text else { return nil }
        let line = String(unsafe String(cString: text).dropLast())
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        if numbers.count == 2 { steps[numbers[0]] = numbers[1] + 1 }
        return line
    }

    /// How many steps a task said it has done, before the process was killed.
    func acknowledged(_ task: Int) -> Int {
        while line() != nil {}
        return steps[task] ?? 0
    }

    /// Ends it as a crash does; nothing that it did not say before is said later.
    func kill() {
        guard !isOver else { return }
        isOver = true
        _ = Glibc.kill(process, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
