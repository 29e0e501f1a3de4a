import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A SeaweedFS with its S3 gateway, for as long as this lives: a server that checks signatures.
package final class SeaweedServer: Sendable {
    /// The keys that it takes.
    package static let keyID = "ringfuse-test-key"
    package static let secret = "ringfuse-test-secret-0123456789"

    /// The one that all tests share; started by the first that asks.
    package static let shared = Task { try await SeaweedServer() }

    package let port: UInt16
    /// The same with TLS; its certificate is for 127.0.0.1 and localhost, and signs itself.
    package let encryptedPort: UInt16
    /// The file of the certificate.
    package var certificate: String { "\(directory)/certificate.pem" }
    private let process: Int32
    private let directory: String

    /// Where its objects are.
    ///
    /// - Parameter bucket: which exists, unless another is named.
    package func url(bucket: String = "test-bucket", prefix: String = "", options: String = "") -> String {
        "s3://\(bucket)/\(prefix)?endpoint=http://127.0.0.1:\(port)\(options)"
    }

    /// Variables that say where the keys are.
    package static let environment = ["AWS_ACCESS_KEY_ID": keyID, "AWS_SECRET_ACCESS_KEY": secret]

    /// Variables with keys of somebody who may read and list, and nothing else.
    package static let readerEnvironment = [
        "AWS_ACCESS_KEY_ID": "ringfuse-test-reader", "AWS_SECRET_ACCESS_KEY": "ringfuse-test-reader-secret",
    ]

    /// Starts one.
    ///
    /// - Parameter address: where it listens; `0.0.0.0` for all of this machine's.
    package init(at address: String = "127.0.0.1") async throws {
        let directory = "/tmp/ringfuse-weed-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.configuration.write(toFile: "\(directory)/s3.json", atomically: true, encoding: .utf8)
        try Self.makeCertificate(directory)
        self.directory = directory
        (process, port, encryptedPort) = try await Self.start(in: directory, at: address)
        LastWords.add(process, directory)
    }

    private static func makeCertificate(_ directory: String) throws {
        let names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        _ = try Spawn.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=ringfuse test", "-addext", names, "-keyout", "\(directory)/key.pem", "-out",
            "\(directory)/certificate.pem",
        ])
    }

    /// Starts it, with other ports where somebody was faster to take one of them: it ends then.
    private static func start(
        in directory: String,
        at address: String
    ) async throws -> (process: Int32, port: UInt16, encrypted: UInt16) {
        let program = try Self.program()
        for _ in 0..<5 {
            let ports = try FreePorts.take(5)
            let process = try Spawn.start(arguments(program, address, ports, directory), output: "\(directory)/log")
            if try await isReady(process, port: ports[3]) { return (process, ports[3], ports[4]) }
        }
        let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
        throw TestFailure("SeaweedFS does not start: \(log.prefix(1000)) … \(log.suffix(500))")
    }

    private static func arguments(
        _ program: String,
        _ address: String,
        _ ports: [UInt16],
        _ directory: String
    ) -> [String] {
        [
            program, "server", "-dir=\(directory)", "-ip=127.0.0.1", "-ip.bind=\(address)",
            "-master.port=\(ports[0])", "-volume.port=\(ports[1])", "-filer", "-filer.port=\(ports[2])", "-s3",
            "-s3.port=\(ports[3])", "-s3.config=\(directory)/s3.json", "-s3.port.https=\(ports[4])",
            // Servers of other protocols, on ports that other runs of the tests would want, too.
            "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.cert.file=\(directory)/certificate.pem", "-s3.key.file=\(directory)/key.pem",
            "-master.telemetry=false", "-volume.max=0",
            "-master.volumeSizeLimitMB=64",
        ]
    }

    /// Waits until it answers.
    ///
    /// - Returns: false if it has ended.
    private static func isReady(_ process: Int32, port: UInt16) async throws -> Bool {
        for _ in 0..<600 {
            // It refuses those who do not say who they are.
            if try await PlainHTTP.status("GET", "/", port: port) == 403 { return true }
            var status: Int32 = 0
            if unsafe waitpid(process, &status, WNOHANG) == process { return false }
            try await Task.sleep(for: .milliseconds(100))
        }
        kill(process, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
        return false
    }

    /// Ends it, and removes what it has kept.
    package func stop() {
        LastWords.forget(process)
        kill(process, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static let configuration = """
        {"identities":[{"name":"admin","credentials":[{"accessKey":"\(keyID)","secretKey":"\(secret)"}],
        "actions":["Admin","Read","Write","List","Tagging"]},
        {"name":"reader","credentials":[{"accessKey":"ringfuse-test-reader","secretKey":"ringfuse-test-reader-secret"}],
        "actions":["Read","List"]}]}
        """

    private static func program() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? "/root"
        let cache = environment["XDG_CACHE_HOME"] ?? "\(home)/.cache"
        let program = "\(cache)/ringfuse/seaweedfs-4.48/weed"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw TestFailure("SeaweedFS is not there; tools/test installs it (looked for \(program))")
        }
        return program
    }
}
