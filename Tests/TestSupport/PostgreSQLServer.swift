import Foundation
import Glibc

/// A PostgreSQL for as long as this process lives, or until it is stopped: a cluster of its own below `/tmp`, which asks for a password
/// and syncs what it writes.
package final class PostgreSQLServer: @unchecked Sendable {
    /// The one that all tests share; started by the first that asks.
    package static let shared = Task { try PostgreSQLServer() }

    /// The password, which `PGPASSWORD` says from the start of the first server on.
    private static let password = "ringfuse-test-password"

    /// Where it listens, on 127.0.0.1 and more addresses.
    package let port: UInt16
    private let addresses: [String]
    /// What it runs as: it refuses to be root.
    private static let user = getuid() == 0 ? "postgres" : ""
    private let directory: String
    private let programs: String
    private let lock = NSLock()
    private var process: Int32 = 0
    private var schemas = 0

    /// Makes a cluster and starts it.
    ///
    /// - Parameter others: addresses of this machine on which it listens, too, for everybody who has the password.
    package init(alsoAt others: [String] = []) throws {
        addresses = ["127.0.0.1"] + others
        programs = try Self.findPrograms()
        directory = "/tmp/ringfuse-postgres-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        port = try FreePorts.take(1)[0]
        _ = unsafe setenv("PGPASSWORD", Self.password, 1)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.password.write(toFile: "\(directory)/password", atomically: true, encoding: .utf8)
        if !Self.user.isEmpty { _ = try Spawn.run(["chown", "-R", Self.user, directory]) }
        _ = try Spawn.run(
            Self.asUser + [
                "\(programs)/initdb", "-N", "-D", "\(directory)/data", "-U", "ringfuse", "-A", "scram-sha-256",
                "--pwfile=\(directory)/password", "-E", "UTF8", "--locale=C.UTF-8",
            ])
        if !others.isEmpty {
            let rules = "\(directory)/data/pg_hba.conf"
            try String(contentsOfFile: rules, encoding: .utf8).appending("host all all all scram-sha-256\n")
                .write(toFile: rules, atomically: false, encoding: .utf8)
        }
        try start()
    }

    deinit { stop(signal: SIGQUIT) }

    /// What has a program run as the server's user.
    private static var asUser: [String] {
        user.isEmpty ? [] : ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--init-groups"]
    }

    /// The directory of the server's programs.
    private static func findPrograms() throws -> String {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        guard let version = versions.compactMap({ Int($0) }).max() else {
            throw TestFailure("PostgreSQL is not there; tools/test installs it")
        }
        return "/usr/lib/postgresql/\(version)/bin"
    }

    // MARK: Life

    /// Starts it, and waits until it answers.
    package func start() throws {
        let started = try Spawn.start(
            Self.asUser + [
                "\(programs)/postgres", "-D", "\(directory)/data", "-p", "\(port)", "-c",
                "listen_addresses=\(addresses.joined(separator: ","))",
                "-c", "unix_socket_directories=\(directory)", "-c", "shared_buffers=32MB",
                // A few for each test, of which dozens run at a time.
                "-c", "max_connections=1000",
            ], output: "\(directory)/log")
        lock.withLock { process = started }
        // An immediate stop: nothing is left behind, and it recovers at the next start.
        LastWords.add(started, directory, signal: SIGQUIT)
        for _ in 0..<1200 {
            if (try? Spawn.run(["\(programs)/pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"])) != nil { return }
            usleep(100_000)
        }
        let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
        throw TestFailure("PostgreSQL does not answer: \(log.suffix(500))")
    }

    /// Stops it, and waits for that.
    ///
    /// - Parameter signal: `SIGINT` ends sessions, `SIGQUIT` is a crash.
    package func stop(signal: Int32 = SIGINT) {
        let process = lock.withLock {
            defer { self.process = 0 }
            return self.process
        }
        guard process > 0 else { return }
        LastWords.forget(process)
        kill(process, signal)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// Removes what it has kept, once it is stopped.
    package func remove() { try? FileManager.default.removeItem(atPath: directory) }

    // MARK: Volumes

    /// The URL of a volume that nobody else has.
    ///
    /// - Parameter host: the address of the server in it.
    package func volume(host: String = "127.0.0.1") -> String {
        let number = lock.withLock {
            schemas += 1
            return schemas
        }
        return "postgres://ringfuse@\(host):\(port)/postgres?schema=volume_\(number)"
    }

    /// Runs SQL, and tells what it gives, as text.
    @discardableResult
    package func run(_ sql: String, schema: String) throws -> String {
        try Spawn.run([
            "\(programs)/psql", "-h", "127.0.0.1", "-p", "\(port)", "-U", "ringfuse", "-d", "postgres", "-Atq", "-v",
            "ON_ERROR_STOP=1", "-c", "SET search_path TO \(schema)", "-c", sql,
        ])
    }
}
