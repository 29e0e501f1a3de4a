import FoundationEssentials
import SystemPackage

/// Files of Amazon's tools: sections in brackets, with `name = value` lines.
enum SharedFile {
    /// The values of a profile; none where the file is missing.
    ///
    /// - Parameter isConfiguration: whether sections are named `profile NAME`, but for the default one.
    static func section(_ profile: String, of path: String, isConfiguration: Bool) -> [String: String] {
        guard let text = read(path) else { return [:] }
        var values: [String: String] = [:]
        var isWanted = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                var name = trimmed(line[line.index(after: line.startIndex)..<end])
                if isConfiguration && name.hasPrefix("profile ") { name = trimmed(name.dropFirst(8)[...]) }
                isWanted = name == profile
            } else if isWanted, let equals = line.firstIndex(of: "=") {
                values[trimmed(line[..<equals]).lowercased()] = trimmed(line[line.index(after: equals)...])
            }
        }
        return values
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func read(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while bytes.count < 1 << 20 {
            guard let count = unsafe try? piece.withUnsafeMutableBytes({ try unsafe file.read(into: $0) }) else {
                return nil
            }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a `credential_process` prints.
enum CommandOutput {
    private struct Printed: Decodable {
        var version: Int
        var keyID: String
        var secret: String
        var sessionToken: String?
        var expiration: String?

        private enum CodingKeys: String, CodingKey {
            case version = "Version"
            case keyID = "AccessKeyId"
            case secret = "SecretAccessKey"
            case sessionToken = "SessionToken"
            case expiration = "Expiration"
        }
    }

    /// The keys in it; `nil` where there are none.
    static func credentials(_ text: String) -> Credentials? {
        guard let printed = try? JSONDecoder().decode(Printed.self, from: Data(text.utf8)), printed.version == 1 else {
            return nil
        }
        let expiration = printed.expiration.map { seconds($0) ?? 0 }
        return Credentials(
            keyID: printed.keyID, secret: printed.secret, sessionToken: printed.sessionToken,
            expiration: expiration)
    }

    private static func seconds(_ text: String) -> Int64? {
        (try? Date(text, strategy: .iso8601)).map { Int64($0.timeIntervalSince1970) }
    }
}
