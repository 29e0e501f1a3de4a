/// What a user says of contenders: which of those that are known, or one more.
public enum ContenderOption: Sendable, Equatable {
    /// Those whose identifier a pattern matches.
    case pattern(String)
    /// One of the user's own; it is asked to do everything.
    case command(Contender)

    /// Reads `PATTERN`, or `NAME=COMMAND` with `{}` for the mount point, which comes last where it is left out.
    ///
    /// - Throws: ``Refusal`` for a name that is empty or has blanks, and for a command without words.
    public init(parsing text: String) throws(Refusal) {
        guard let sign = text.firstIndex(of: "=") else {
            guard !text.isEmpty else { throw Refusal("--contender is empty; write a name or NAME=COMMAND") }
            self = .pattern(text)
            return
        }
        let name = String(text[..<sign])
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
            throw Refusal("--contender '\(text)': the name must be a word, as in NAME=COMMAND")
        }
        var words = try ShellWords.split(String(text[text.index(after: sign)...]))
        guard !words.isEmpty else {
            throw Refusal("--contender '\(text)': there is no command; write NAME=COMMAND, with {} for the mount point")
        }
        if !words.contains(where: { $0.contains("{}") }) { words.append("{}") }
        let service = Contender.Service.process(words: words, ready: "")
        self = .command(
            Contender(
                identifier: name, name: name,
                services: Dictionary(uniqueKeysWithValues: Field.allCases.map { ($0, service) })))
    }
}
