/// What is not asked of which server, and why: all that tests leave out on servers other than SeaweedFS is in this list.
package enum ServerLimit: Sendable {
    /// Storing an object only where there is none (`If-None-Match: *`).
    case conditions
    /// Copying an object that was stored in parts on condition that it is still the same (`x-amz-copy-source-if-match`,
    /// `If-Match`).
    case copies
    /// Being mounted as a bucket: all keys of S3, and storing in parts.
    case mounts
    /// Refusing to store something in a bucket that is not there.
    case buckets
    /// A second user who may read and list, and nothing else.
    case readers
    /// Refusing a signature that is wrong.
    case signatures
    /// TLS with a certificate that the test knows.
    case encryption

    /// Why the server that tests run against is not asked for this; `nil` where it is.
    package var reason: String? { Self.reasons[ObjectServer.kind]?[self] }

    /// Whether the server is asked for this.
    package var isAsked: Bool { reason == nil }

    /// A line for whoever reads which tests were left out.
    package var comment: String { "\(ObjectServer.kind.rawValue): \(reason ?? "")" }

    private static let ownServer = "the test needs a SeaweedFS of its own"
    private static let oneUser = "the suite makes one user only"

    private static let reasons: [ObjectServer.Kind: [ServerLimit: String]] = [
        .seaweedfs: [.buckets: "makes a bucket that is not there when something is stored in it"],
        .ceph: [.readers: oneUser, .encryption: ownServer],
        .swift: [
            .readers: oneUser, .encryption: ownServer,
            .conditions: "knows no If-None-Match: a new object can replace one that somebody else has made",
            .copies: "compares the tag of an object in parts with another one than it tells",
        ],
        .rclone: [
            .readers: oneUser, .encryption: ownServer,
            .mounts: "keys are paths there: none ends in /, or is a directory, too",
            .conditions: "knows no If-None-Match: a new object can replace one that somebody else has made",
        ],
        .other: [.readers: oneUser, .encryption: ownServer],
    ]
}
