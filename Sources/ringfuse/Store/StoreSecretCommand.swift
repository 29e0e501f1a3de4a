import ArgumentParser
import NetworkStore
import SystemPackage

/// `ringfuse store secret`.
struct StoreSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Change what opens an encrypted volume.",
        discussion: """
            The key of the volume stays, and with it all that it encrypts; only the passphrase or the key file changes that it \
            is wrapped with. So a copy of the metadata from before, a dump among them, is still opened by the old secret. A \
            volume of SQLite's must not be mounted; mounts of one of PostgreSQL's go on.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// What opens it now.
    @OptionGroup(title: "The secret as it is") var secrets: KeyOptions

    /// A new key file.
    @Option(
        help: ArgumentHelp("A file of random bytes (32 at least) that opens it from now on.", valueName: "file"))
    var newKeyFile: String?

    /// A new passphrase.
    @Option(
        help: ArgumentHelp(
            "A file whose first line is the new passphrase; without it, the variable RINGFUSE_NEW_PASSPHRASE.",
            valueName: "file"))
    var newPassphraseFile: String?

    /// Take it over.
    @OptionGroup var takeOver: TakeOverOptions

    private var source: SecretSource {
        SecretSource(
            keyFile: newKeyFile, passphraseFile: newPassphraseFile, prefix: "--new-",
            variable: "RINGFUSE_NEW_PASSPHRASE")
    }

    /// Refuses two new secrets.
    func validate() throws { try source.validate() }

    /// Changes it.
    func run() async throws {
        guard let new = try source.read() else {
            throw ValidationError(
                "no new secret: name --new-key-file or --new-passphrase-file, or set RINGFUSE_NEW_PASSPHRASE")
        }
        try await volume.metadata.withEngine(takesOver: takeOver.force) { try await change($0, to: new) }
        print("\(volume.metadata): opened by the new secret from now on")
    }

    private func change(_ engine: any MetadataEngine, to new: VolumeSecret) async throws {
        let description = engine.volume
        guard let wrapped = description.wrappedKey, let key = try secrets.key(of: description) else {
            throw ValidationError("\(volume.metadata): is not encrypted")
        }
        do {
            try await engine.replaceWrappedKey(
                wrapped, with: try key.wrapped(with: new, identifier: description.identifier))
        } catch Errno.resourceTemporarilyUnavailable {
            throw ValidationError("\(volume.metadata): somebody else has just changed the secret")
        }
    }
}
