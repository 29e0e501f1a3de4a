/// Words of a command line, with the quotes that people expect, and nothing else of a shell.
public enum ShellWords {
    /// Splits at blanks that are not within single or double quotes; a backslash keeps the next character as it is.
    ///
    /// - Throws: ``Refusal`` for a quote without its end.
    public static func split(_ text: String) throws(Refusal) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !isEscaped else { throw Refusal("'\(text)': a quote or backslash is without its end") }
        if let done = word { words.append(done) }
        return words
    }
}
