/// Text from elsewhere (a command line, a file) made harmless where it is shown.
extension String {
    /// In one line, without what moves a terminal's cursor, turns the direction of text, or has no place in XML.
    var printable: String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars {
            switch (scalar.value, scalar.properties.generalCategory) {
            case (_, .control), (_, .lineSeparator), (_, .paragraphSeparator): scalars.append(" ")
            case (0x202A...0x202E, _), (0x2066...0x2069, _): break
            case (0xFFFE...0xFFFF, _): break
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// As text of Markdown that means nothing else, also in a table.
    var escapedForMarkdown: String {
        var text = ""
        for character in printable {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\\", "`", "*", "_", "[", "]", "|", "~", "#", "$": text += "\\\(character)"
            default: text.append(character)
            }
        }
        return text
    }

    /// As code within a line of Markdown.
    var codeSpan: String {
        let text = printable
        let longest = text.split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: longest + 1)
        let margin = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
        return "\(fence)\(margin)\(text)\(margin)\(fence)"
    }

    /// As text or an attribute of XML.
    var escapedForXML: String {
        var text = ""
        for scalar in printable.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// As one word of a shell's command line.
    var shellWord: String {
        let harmless =
            !isEmpty
            && utf8.allSatisfy { byte in
                switch UInt8(byte) {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "%+,-./:=@_".utf8.contains(byte)
                }
            }
        if harmless { return self }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
