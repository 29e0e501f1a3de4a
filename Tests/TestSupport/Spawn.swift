import Foundation
import Glibc

/// Starts programs.
package enum Spawn {
    /// Closes all that other tests have open, and becomes the program: a connection whose other end such a program holds
    /// would never end.
    private static let script = """
        for file in /proc/self/fd/*; do
            number=${file##*/}
            if [ "$number" -gt 2 ]; then eval "exec $number>&-"; fi
        done
        exec "$@"
        """

    /// Starts a program whose output goes to a file.
    package static func start(_ arguments: [String], output: String) throws -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let command = ["bash", "-c", script, "bash"] + arguments
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe strings.append(nil)
        defer { unsafe strings.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let error = unsafe posix_spawnp(&process, "bash", &actions, &attributes, strings, environ)
        guard error == 0 else { throw TestFailure("bash cannot be started: error \(error)") }
        return process
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote.
    package static func run(_ arguments: [String]) throws -> String {
        let output = "/tmp/ringfuse-spawn-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { _ = unsafe unlink(output) }
        let process = try start(arguments, output: output)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        guard status == 0 else { throw TestFailure("\(arguments[0]) failed: \(text)") }
        return text
    }
}

/// What keeps a test from being carried out.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
