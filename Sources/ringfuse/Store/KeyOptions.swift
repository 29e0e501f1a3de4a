import ArgumentParser
import FoundationEssentials
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

    /// Refuses two secrets.
    func validate() throws {
        if keyFile != nil, passphraseFile != nil {
            throw ValidationError("--key-file and --passphrase-file exclude each other: a volume has one of them")
        }
    }

    /// The secret that was named; `nil` where none was.
    ///
    /// - Throws: an error of one line where it cannot be read, or is none.
    func secret() throws -> VolumeSecret? {
        if let keyFile {
            let bytes = try Self.read(keyFile, "--key-file")
            guard bytes.count >= VolumeSecret.leastKeyFile else {
                throw ValidationError(
                    "--key-file \(keyFile): has \(bytes.count) bytes; \(VolumeSecret.leastKeyFile) at least are needed, "
                        + "as of head -c 32 /dev/urandom")
            }
            return .keyFile(bytes)
        }
        if let passphraseFile {
            let line = try Self.read(passphraseFile, "--passphrase-file").prefix { $0 != UInt8(ascii: "\n") }
            guard !line.isEmpty else { throw ValidationError("--passphrase-file \(passphraseFile): is empty") }
            return .passphrase(Array(line))
        }
        guard let text = Environment.all["RINGFUSE_PASSPHRASE"], !text.isEmpty else { return nil }
        return .passphrase(Array(text.utf8))
    }

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

    /// Reads a file, which must not be long.
    private static func read(_ path: String, _ option: String) throws -> [UInt8] {
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            guard bytes.count <= 1 << 20 else { throw ValidationError("\(option) \(path): is longer than a MiB") }
            return bytes
        } catch let error as ValidationError {
            throw error
        } catch {
            throw ValidationError("\(option) \(path): cannot be read")
        }
    }
}

/// How a volume is encrypted, as users write it.
enum Encryption: String, CaseIterable, Sendable {
    /// Not at all.
    case none
    /// AES-256-GCM.
    case aes256GCM = "aes-256-gcm"
}
