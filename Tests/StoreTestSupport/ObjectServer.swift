import Foundation
import TestSupport

/// The server of S3 that tests run against: a SeaweedFS that they start, or one that runs already and that variables name:
/// `RINGFUSE_TEST_S3_ENDPOINT` says where, `RINGFUSE_TEST_S3_SERVER` what it is, and `AWS_ACCESS_KEY_ID` and
/// `AWS_SECRET_ACCESS_KEY` are keys of somebody who may make buckets. `tools/store-suite` does so.
package struct ObjectServer: Sendable {
    /// The programs that tests have been run against.
    package enum Kind: String, Sendable {
        case seaweedfs, ceph, swift, rclone
        /// One of which nothing is known: all is asked of it.
        case other
    }

    /// The program.
    package static let kind: Kind = {
        guard variables["RINGFUSE_TEST_S3_ENDPOINT"] != nil else { return .seaweedfs }
        return variables["RINGFUSE_TEST_S3_SERVER"].flatMap(Kind.init) ?? .other
    }()

    /// The one that all tests share; started by the first that asks where it does not run already.
    package static let shared = Task {
        guard let endpoint = variables["RINGFUSE_TEST_S3_ENDPOINT"] else {
            let server = try await SeaweedServer.shared.value
            return ObjectServer(endpoint: "http://127.0.0.1:\(server.port)", keys: SeaweedServer.environment)
        }
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        let keys = variables.filter { names.contains($0.key) }
        guard keys.count == names.count else { throw TestFailure("RINGFUSE_TEST_S3_ENDPOINT without \(names)") }
        return ObjectServer(endpoint: endpoint, keys: keys)
    }

    private static let variables = ProcessInfo.processInfo.environment

    /// Where it is, as `http://HOST:PORT`.
    package let endpoint: String
    /// Variables that say which keys to use.
    package let keys: [String: String]

    /// Where its objects are.
    ///
    /// - Parameter bucket: which exists, unless another is named.
    package func url(bucket: String = "test-bucket", prefix: String = "", options: String = "") -> String {
        "s3://\(bucket)/\(prefix)?endpoint=\(endpoint)\(options)"
    }

    /// The same as words for `env`, so that programs have the keys.
    package var words: [String] { ["env"] + keys.map { "\($0.key)=\($0.value)" }.sorted() }
}
