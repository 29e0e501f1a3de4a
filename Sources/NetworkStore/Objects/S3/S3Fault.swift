import SystemPackage

/// Why one attempt at a request has failed, and whether another may do better.
enum S3Fault: Error {
    /// The server refuses, with what it says.
    case refused(S3Refusal)
    /// There was no whole answer.
    case connection(HTTPFailure, wasReused: Bool, hadAnswer: Bool)
    /// There was no connection.
    case dialing(DialFailure)
    /// There are no keys to sign with.
    case keys(ObjectStoreError)
    /// The answer is whole, and not the object that is wanted.
    case damaged(String)

    /// Whether asking again may help.
    var mayPass: Bool {
        switch self {
        case .refused(let refusal): refusal.mayPass
        case .connection(let failure, _, _): failure != .cancelled
        case .dialing(let failure): failure.mayPass
        case .damaged, .keys: false
        }
    }
}

extension DialFailure {
    /// Whether trying again may help: servers are started again, certificates are not.
    var mayPass: Bool {
        switch self {
        case .connection, .resolution: true
        case .tls, .cancelled: false
        }
    }
}

/// An answer that is no success.
struct S3Refusal: Hashable {
    var status: Int
    /// What S3 calls it; empty where the server does not say.
    var code: String
    var message: String
    /// The region of the bucket, where it is another one.
    var region: String?
    /// The server's clock.
    var date: Int64?

    /// Reads the body of an answer.
    init(_ head: ResponseHead, _ body: [UInt8]) {
        status = head.status
        date = head.date
        let fields = XMLReader.fields(of: "Error", in: body)
        code = (fields["Code"] ?? "").printable
        message = (fields["Message"] ?? "").printable
        region = head.region ?? fields["Region"]?.printable
    }

    /// Whether asking again may help.
    var mayPass: Bool {
        switch status {
        case 408, 429, 500, 502, 503, 504: true
        default: ["SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"].contains(code)
        }
    }

    /// The clock of this machine is too far from the server's.
    var isSkewed: Bool { code == "RequestTimeTooSkewed" || code == "RequestExpired" }

    /// The keys have ended.
    var isExpired: Bool { code == "ExpiredToken" || code == "TokenRefreshRequired" }

    /// The object, not the bucket, is missing.
    var isMissingObject: Bool { status == 404 && code != "NoSuchBucket" }

    /// What the server says, for messages.
    var text: String {
        let name = code.isEmpty ? "status \(status)" : "\(code), status \(status)"
        return message.isEmpty ? name : "\(name): \(message)"
    }
}
