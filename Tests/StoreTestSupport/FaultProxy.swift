import Foundation
import Glibc
import TestSupport

/// A way to a server of S3 on this machine on which a part of all requests goes wrong, as long as a test wants it.
package final class FaultProxy: Sendable {
    /// What goes wrong with a request.
    package enum Fault: String, Sendable, CaseIterable {
        /// Status 500; nothing reaches the server.
        case failure = "500"
        /// Status 503, SlowDown; nothing reaches the server.
        case slowDown = "503"
        /// It is answered half a second later.
        case slow
        /// It is taken, and never answered; nothing reaches the server.
        case silent
        /// The answer ends within its body.
        case short
        /// The connection is reset, in half of the cases after the server has done what it was asked.
        case reset
        /// One byte of an object is another one.
        case wrong
        /// 404 for an object that is there.
        case missing
        /// One byte of each object, at ``FaultProxy/spot``, is another one.
        case spot

        /// Those that come to an end within a second.
        package static var prompt: [Fault] { allCases.filter { $0 != .silent } }
        /// Those that a client makes good by asking again.
        package static var passing: [Fault] { [.failure, .slowDown, .slow, .short, .reset] }
    }

    /// Where it listens, on 127.0.0.1.
    package let port: UInt16
    private let process: Int32
    private let directory: String

    /// A proxy before a server that is named as `http://HOST:PORT`.
    ///
    /// - Parameter seed: decides which requests go wrong, as far as they come in the same order.
    package init(before endpoint: String, seed: UInt64) async throws {
        let target = endpoint.dropFirst("http://".count)
        port = try FreePorts.take(1)[0]
        directory = "/tmp/ringfuse-faults-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        process = try Spawn.start(
            ["python3", "-c", Self.script, "\(target)", "\(port)", "\(directory)/faults", "\(seed)"],
            output: "\(directory)/log")
        LastWords.add(process, directory)
        for _ in 0..<600 {
            if try await PlainHTTP.status("GET", "/", port: port) != nil { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TestFailure("the proxy does not start: \(log)")
    }

    deinit {
        LastWords.forget(process)
        kill(process, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Where a byte of an object is another one, with ``Fault/spot``.
    package static let spot = 100_000

    /// Has a part of the requests go wrong from now on.
    ///
    /// - Parameter limit: how many of them; `nil` for no end.
    package func disturb(percent: Int, _ faults: [Fault], limit: Int? = nil) throws {
        let bound = limit.map { "limit=\($0):\(UInt32.random(in: 0...UInt32.max)) " } ?? ""
        let line = "\(percent) \(bound)\(faults.map(\.rawValue).joined(separator: " "))"
        try line.write(toFile: "\(directory)/faults", atomically: true, encoding: .utf8)
    }

    /// Has nothing go wrong from now on.
    package func rest() throws { try disturb(percent: 0, []) }

    /// What has gone wrong, and how often.
    package var counts: [Fault: Int] {
        let faults = log.split(separator: "\n").compactMap { line in
            line.hasPrefix("fault ") ? Fault(rawValue: String(line.dropFirst(6))) : nil
        }
        return Dictionary(grouping: faults) { $0 }.mapValues(\.count)
    }

    private var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }
}
