import ArgumentParser
import NetworkStore

/// What opens an encrypted volume. Never the secret itself, which everybody could read in the list of processes.
struct KeyOptions: ParsableArguments, Sendable {
    /// A file that nobody can guess.
    @Option(
        help: ArgumentHelp(
            "A file of random bytes (32 at least) that the volume's key is wrapped with.", valueName: "file"))
    var keyFile: String?

    /// A file with a passphrase.
    @Option(
        help: ArgumentHelp(
            "A file whose first line is the passphrase; without it, the variable RINGFUSE_PASSPHRASE.",
            valueName: "file"))
    var passphraseFile: String?

    private var source: SecretSource {
        SecretSource(
            keyFile: keyFile, passphraseFile: passphraseFile, prefix: "--", variable: "RINGFUSE_PASSPHRASE")
    }

    /// Refuses two secrets.
    func validate() throws { try source.validate() }

    /// The secret that was named; `nil` where none was.
    ///
    /// - Throws: an error of one line where it cannot be read, or is none.
    func secret() throws -> VolumeSecret? { try source.read() }

    /// The key of a volume; `nil` for one that is not encrypted.
    ///
    /// - Throws: an error of one line: where there is no secret, or a wrong one.
    func key(of volume: VolumeDescription) throws -> VolumeKey? {
        guard let wrapped = volume.wrappedKey else { return nil }
        guard let secret = try secret() else {
            throw ValidationError(
                "the volume is encrypted: name --key-file or --passphrase-file, or set RINGFUSE_PASSPHRASE")
        }
        return try VolumeKey.unwrapped(wrapped, with: secret, identifier: volume.identifier)
    }
}

/// How a volume is encrypted, as users write it.
enum Encryption: String, CaseIterable, Sendable {
    /// Not at all.
    case none
    /// AES-256-GCM.
    case aes256GCM = "aes-256-gcm"
}
