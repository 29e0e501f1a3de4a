import ArgumentParser
import FoundationEssentials
import NetworkStore

/// Where a secret of an encrypted volume is read from. Never from the command line, which everybody could read in the list of
/// processes.
struct SecretSource {
    /// A file that nobody can guess.
    let keyFile: String?
    /// A file whose first line is a passphrase.
    let passphraseFile: String?
    /// What the options begin with, for messages: `--` or `--new-`.
    let prefix: String
    /// The environment's variable that may have the passphrase.
    let variable: String

    /// Refuses two secrets.
    func validate() throws {
        if keyFile != nil, passphraseFile != nil {
            throw ValidationError(
                "\(prefix)key-file and \(prefix)passphrase-file exclude each other: a volume has one of them")
        }
    }

    /// The secret that was named; `nil` where none was.
    ///
    /// - Throws: an error of one line where it cannot be read, or is none.
    func read() throws -> VolumeSecret? {
        if let keyFile {
            let bytes = try Self.read(keyFile, "\(prefix)key-file")
            guard bytes.count >= VolumeSecret.leastKeyFile else {
                throw ValidationError(
                    "\(prefix)key-file \(keyFile): has \(bytes.count) bytes; \(VolumeSecret.leastKeyFile) at least are "
                        + "needed, as of head -c 32 /dev/urandom")
            }
            return .keyFile(bytes)
        }
        if let passphraseFile {
            let line = try Self.read(passphraseFile, "\(prefix)passphrase-file").prefix { $0 != UInt8(ascii: "\n") }
            guard !line.isEmpty else { throw ValidationError("\(prefix)passphrase-file \(passphraseFile): is empty") }
            return .passphrase(Array(line))
        }
        guard let text = Environment.all[variable], !text.isEmpty else { return nil }
        return .passphrase(Array(text.utf8))
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
