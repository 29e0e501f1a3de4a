import Subprocess
import Synchronization
import SystemPackage

/// Finds the keys of a user where Amazon's tools look for them: the environment, the shared files, a command.
///
/// Any thread may call anything.
final class CredentialSource: Sendable {
    private let environment: [String: String]
    private let state = Mutex(State())

    private struct State {
        var credentials: Credentials?
        var generation = 0
    }

    /// Keys, with a number that changes when they do.
    struct Current: Sendable {
        let credentials: Credentials
        let generation: Int
    }

    /// - Parameter environment: the variables to look at.
    init(environment: [String: String]) { self.environment = environment }

    /// The keys.
    ///
    /// - Parameter stale: the number of keys that were refused; others are got where that is possible.
    /// - Throws: one line that says where none was found.
    func current(replacing stale: Int? = nil) async throws(ObjectStoreError) -> Current {
        let now = Clock.wall
        let known = state.withLock { state -> Current? in
            guard let credentials = state.credentials, state.generation != stale else { return nil }
            // Before they end: a request takes its time.
            if let expiration = credentials.expiration, expiration < now + 60 { return nil }
            return Current(credentials: credentials, generation: state.generation)
        }
        if let known { return known }
        let found = try await load()
        guard found.isUsable else {
            throw .denied("the keys in \(place) are empty or have characters that no key has")
        }
        return state.withLock { state in
            if state.credentials != found {
                state.credentials = found
                state.generation += 1
            }
            return Current(credentials: found, generation: state.generation)
        }
    }

    /// What was known, without looking anywhere.
    var known: Current? {
        let now = Clock.wall
        return state.withLock { state in
            guard let credentials = state.credentials else { return nil }
            if let expiration = credentials.expiration, expiration < now + 60 { return nil }
            return Current(credentials: credentials, generation: state.generation)
        }
    }

    private var place: String {
        environment["AWS_ACCESS_KEY_ID"] != nil ? "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" : "profile \(profile)"
    }

    private var profile: String { environment["AWS_PROFILE"] ?? "default" }

    private func load() async throws(ObjectStoreError) -> Credentials {
        if let keyID = environment["AWS_ACCESS_KEY_ID"], !keyID.isEmpty {
            guard let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
                throw .denied("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both")
            }
            let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
            return Credentials(keyID: keyID, secret: secret, sessionToken: token)
        }
        var command: String?
        for file in files {
            let section = SharedFile.section(profile, of: file.path, isConfiguration: file.isConfiguration)
            if let keyID = section["aws_access_key_id"], let secret = section["aws_secret_access_key"] {
                return Credentials(keyID: keyID, secret: secret, sessionToken: section["aws_session_token"])
            }
            command = command ?? section["credential_process"]
        }
        if let command { return try await run(command) }
        let looked = files.map(\.path).joined(separator: ", ")
        throw .denied(
            "no keys for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or have them in profile \(profile) of "
                + (looked.isEmpty ? "~/.aws/credentials" : looked))
    }

    private var files: [(path: String, isConfiguration: Bool)] {
        let home = environment["HOME"]
        let shared = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? home.map { "\($0)/.aws/credentials" }
        let configuration = environment["AWS_CONFIG_FILE"] ?? home.map { "\($0)/.aws/config" }
        return [(shared, false), (configuration, true)].compactMap { path, isConfiguration in
            path.map { ($0, isConfiguration) }
        }
    }

    /// Asks a command, which prints JSON.
    private func run(_ command: String) async throws(ObjectStoreError) -> Credentials {
        let output: String?
        do {
            let result = try await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", command], output: .string(limit: 65536), error: .discarded)
            guard result.terminationStatus.isSuccess else {
                throw ObjectStoreError.denied(
                    "the credential_process of profile \(profile) failed (\(result.terminationStatus)); run it by hand")
            }
            output = result.standardOutput
        } catch let error as ObjectStoreError {
            throw error
        } catch {
            throw .denied("the credential_process of profile \(profile) could not be run: \("\(error)".printable)")
        }
        guard let credentials = CommandOutput.credentials(output ?? "") else {
            throw .denied("the credential_process of profile \(profile) printed something else than keys of version 1")
        }
        return credentials
    }
}
