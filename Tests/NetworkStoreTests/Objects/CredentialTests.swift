import Foundation
import RingFUSE
import Testing

@testable import NetworkStore

/// Where keys are found, and that they are not seen.
@Suite struct CredentialTests {
    /// Files in a directory of their own, and variables that name them.
    private struct Home {
        let path = "/tmp/ringfuse-home-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

        init(credentials: String? = nil, config: String? = nil) throws {
            try FileManager.default.createDirectory(atPath: path + "/.aws", withIntermediateDirectories: true)
            try credentials?.write(toFile: path + "/.aws/credentials", atomically: true, encoding: .utf8)
            try config?.write(toFile: path + "/.aws/config", atomically: true, encoding: .utf8)
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }

    private func load(_ environment: [String: String]) async throws -> Credentials {
        try await CredentialSource(environment: environment).current().credentials
    }

    private func failure(_ environment: [String: String]) async -> String {
        do throws(ObjectStoreError) {
            _ = try await CredentialSource(environment: environment).current()
            return ""
        } catch {
            return error.description
        }
    }

    private let files = """
        # a comment
        [default]
        aws_access_key_id = DEFAULT
        aws_secret_access_key=secret/of+default=

        [other]
        ; another
        AWS_ACCESS_KEY_ID=OTHER
        aws_secret_access_key =  s2
        aws_session_token = t2
        """

    @Test func environmentComesFirst() async throws {
        let home = try Home(credentials: files)
        defer { home.remove() }
        let keys = try await load([
            "HOME": home.path, "AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T",
        ])
        #expect(keys == Credentials(keyID: "E", secret: "S", sessionToken: "T"))
        #expect(await failure(["AWS_ACCESS_KEY_ID": "E"]).contains("AWS_SECRET_ACCESS_KEY is not"))
        #expect(await failure(["AWS_ACCESS_KEY_ID": "E\n", "AWS_SECRET_ACCESS_KEY": "S"]).contains("characters"))
    }

    @Test func profiles() async throws {
        let home = try Home(
            credentials: files,
            config: "[profile third]\naws_access_key_id=THIRD\naws_secret_access_key=s3\n[other]\nregion=x\n")
        defer { home.remove() }
        #expect(
            try await load(["HOME": home.path]) == Credentials(keyID: "DEFAULT", secret: "secret/of+default="))
        #expect(
            try await load(["HOME": home.path, "AWS_PROFILE": "other"])
                == Credentials(keyID: "OTHER", secret: "s2", sessionToken: "t2"))
        #expect(
            try await load(["HOME": home.path, "AWS_PROFILE": "third"]) == Credentials(keyID: "THIRD", secret: "s3"))
        #expect(
            try await load(["AWS_SHARED_CREDENTIALS_FILE": home.path + "/.aws/credentials"]).keyID == "DEFAULT")
        let none = await failure(["HOME": home.path, "AWS_PROFILE": "nobody"])
        #expect(none.contains("profile nobody") && none.contains(home.path))
        #expect(await failure([:]).contains("AWS_ACCESS_KEY_ID"))
    }

    /// Keys of a command, which is asked again when they end.
    @Test func commands() async throws {
        let home = try Home()
        defer { home.remove() }
        let script = """
            echo x >> \(home.path)/runs; printf '{"Version":1,"AccessKeyId":"C%s","SecretAccessKey":"S","SessionToken":"T",\
            "Expiration":"%s"}' $(wc -l < \(home.path)/runs) $(cat \(home.path)/end)
            """
        try script.write(toFile: home.path + "/keys", atomically: true, encoding: .utf8)
        try "[default]\ncredential_process = sh \(home.path)/keys\n".write(
            toFile: home.path + "/.aws/config", atomically: true, encoding: .utf8)
        try "2099-01-01T00:00:00Z".write(toFile: home.path + "/end", atomically: true, encoding: .utf8)
        let source = CredentialSource(environment: ["HOME": home.path])
        let first = try await source.current()
        #expect(first.credentials.keyID == "C1" && first.credentials.sessionToken == "T")
        #expect(try await source.current().credentials.keyID == "C1")
        // They were refused.
        let second = try await source.current(replacing: first.generation)
        #expect(second.credentials.keyID == "C2" && second.generation != first.generation)
        try "2001-01-01T00:00:00Z".write(toFile: home.path + "/end", atomically: true, encoding: .utf8)
        #expect(try await source.current(replacing: second.generation).credentials.keyID == "C3")
        #expect(try await source.current().credentials.keyID == "C4")
    }

    @Test(arguments: [
        "exit 3", "echo nothing", "echo '{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\"}'",
        "no-such-program",
    ])
    func commandsThatFail(_ command: String) async throws {
        let home = try Home(config: "[default]\ncredential_process = \(command)\n")
        defer { home.remove() }
        let line = await failure(["HOME": home.path])
        #expect(line.contains("credential_process of profile default") && !line.contains("\n"), "\(line)")
    }

    /// However they are printed, secrets are not.
    @Test func secretsAreNotSeen() throws {
        let keys = Credentials(keyID: "ID", secret: "SECRET", sessionToken: "TOKEN")
        var dumped = ""
        dump(keys, to: &dumped)
        dump(S3Fault.keys(.denied("x")), to: &dumped)
        let current = CredentialSource.Current(credentials: keys, generation: 1)
        let texts = [
            "\(keys)", String(reflecting: keys), dumped, "\(current)", String(reflecting: current),
            "\(RequestSigner(current, region: "r", authority: "h"))",
        ]
        for text in texts { #expect(!text.contains("SECRET") && !text.contains("TOKEN"), "\(text)") }
    }
}
