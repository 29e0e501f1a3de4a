import Foundation
import Glibc
import SystemPackage

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
        guard error == 0 else { throw Errno(rawValue: error) }
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

/// Ports of 127.0.0.1 that nobody uses.
package enum FreePorts {
    package static func take(_ count: Int) throws -> [UInt16] {
        var files: [Int32] = []
        defer { for file in files { close(file) } }
        return try (0..<count).map { _ in
            // The gateway's gRPC port is 10000 above the other.
            for _ in 0..<100 {
                let port = UInt16.random(in: 20000..<45000)
                if let file = listening(port), let other = listening(port + 10000) {
                    files += [file, other]
                    return port
                }
            }
            throw TestFailure("no free ports")
        }
    }

    private static func listening(_ port: UInt16) -> Int32? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return file }
        close(file)
        return nil
    }
}

/// A request without signature, over a socket of its own.
package enum PlainHTTP {
    /// The status of the answer; `nil` where there is none.
    package static func status(_ method: String, _ path: String, port: UInt16) async throws -> Int? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(file) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        _ = unsafe setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { return nil }
        let request = "\(method) \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        guard unsafe write(file, request, request.utf8.count) > 0 else { return nil }
        var answer = [UInt8](repeating: 0, count: 16)
        guard unsafe recv(file, &answer, 12, Int32(MSG_WAITALL)) == 12 else { return nil }
        return Int(String(decoding: answer[9..<12], as: UTF8.self))
    }
}
