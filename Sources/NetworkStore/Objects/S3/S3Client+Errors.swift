import SystemPackage

// Errors that name cause and fix, in one line and without secrets.

extension S3Client {
    /// What a failure means to who uses the store.
    ///
    /// - Parameters:
    ///   - verb: what was to be done, as in "read".
    ///   - key: of the object, without the prefix of the store; `nil` for the bucket.
    func explain(_ fault: S3Fault, _ verb: String, _ key: ObjectKey?) -> ObjectStoreError {
        let what = "\(name): cannot \(verb)\(key.map { " \($0)" } ?? "")"
        switch fault {
        case .refused(let refusal): return explain(refusal, what, key)
        case .keys(let error): return error
        case .damaged(let text): return .damaged("\(what): \(text)")
        case .connection(.cancelled, _, _), .dialing(.cancelled): return .cancelled
        case .connection(let failure, _, _): return .unavailable("\(what): \(explain(failure))")
        case .dialing(.resolution(let reason)):
            return .unavailable("\(what): the host \(host) is not known (\(reason)); check endpoint= and name servers")
        case .dialing(.tls(let reason)):
            return .denied(
                "\(what): no TLS with \(endpoint): \(reason); a server's own authority is named with ca=FILE")
        case .dialing(.connection(let errno)): return .unavailable("\(what): \(explain(errno))")
        }
    }

    private func explain(_ failure: HTTPFailure) -> String {
        switch failure {
        case .closed: "\(endpoint) closes connections without an answer"
        case .cut: "answers of \(endpoint) end too early"
        case .malformed(let text): "\(endpoint) does not speak HTTP/1.1 as it should (\(text)); is it an S3 server?"
        case .tls(let text): "TLS with \(endpoint) failed: \(text)"
        case .failed(.timedOut):
            "\(endpoint) has been silent for \(options.idleLimit.seconds) s"
        case .failed(let errno): "the connection to \(endpoint) failed: \(errno.description)"
        case .cancelled: "cancelled"
        }
    }

    private func explain(_ errno: Errno) -> String {
        switch errno {
        case .connectionRefused: "nothing listens at \(endpoint); is the server running, is the port right?"
        case .timedOut:
            "\(endpoint) has not answered within \(options.connectLimit.seconds) s; is a firewall in between?"
        default: "no connection to \(endpoint): \(errno.description)"
        }
    }

    private func explain(_ refusal: S3Refusal, _ what: String, _ key: ObjectKey?) -> ObjectStoreError {
        switch refusal.code {
        case "NoSuchBucket":
            return .denied("\(what): there is no bucket \(location.bucket) at \(endpoint); make it, or correct the URL")
        case "InvalidAccessKeyId":
            return .denied("\(what): \(endpoint) does not know the access key; check AWS_ACCESS_KEY_ID or the profile")
        case "SignatureDoesNotMatch":
            // Of a key that it does not know OpenStack Swift says this, too.
            let keys = "AWS_SECRET_ACCESS_KEY, AWS_ACCESS_KEY_ID and region=\(location.region)"
            return .denied("\(what): \(endpoint) refuses the signature; check \(keys)")
        case "RequestTimeTooSkewed", "RequestExpired":
            return .denied("\(what): the clocks of this machine and of \(endpoint) differ too much; set this one")
        case "ExpiredToken", "TokenRefreshRequired", "InvalidToken":
            return .denied("\(what): the session token has ended or is not valid; get new keys")
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraint":
            return .denied("\(what): \(regionHint(refusal))")
        case "QuotaExceeded", "EntityTooLarge", "InsufficientStorage", "XMinioStorageFull":
            return .full("\(what): the bucket takes no more (\(refusal.text))")
        default: break
        }
        switch refusal.status {
        case 301, 307, 308: return .denied("\(what): \(regionHint(refusal))")
        case 404: return key.map { .missing($0) } ?? .denied("\(what): \(refusal.text)")
        case 401, 403:
            return .denied("\(what): \(endpoint) does not allow it (\(refusal.text)); check keys and policy")
        case 507: return .full("\(what): the bucket takes no more (\(refusal.text))")
        case _ where refusal.mayPass:
            return .unavailable("\(what): \(endpoint) fails again and again (\(refusal.text))")
        default: return .denied("\(what): \(endpoint) refuses (\(refusal.text))")
        }
    }

    private func regionHint(_ refusal: S3Refusal) -> String {
        guard let region = refusal.region, region != location.region else {
            return "the bucket is somewhere else (\(refusal.text)); check endpoint= and region="
        }
        return "the bucket is in another region; write region=\(region) instead of \(location.region)"
    }
}

extension Duration {
    /// Whole seconds.
    var seconds: Int64 { components.seconds }
}
