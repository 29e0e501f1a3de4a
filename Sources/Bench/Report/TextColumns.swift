/// Text in the columns of a terminal, where a letter takes one, some take two, and accents take none.
enum TextColumns {
    /// How many columns a text takes.
    static func count(_ text: String) -> Int { text.reduce(0) { $0 + count($1) } }

    /// How many columns a character takes: two for the wide ones of East Asia and for pictures.
    private static func count(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// A text with blanks behind it.
    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - count(text)))
    }

    /// A text with blanks before it.
    static func aligned(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count(text))) + text
    }

    /// A text whose middle gives way, because ends tell similar names apart.
    static func shortened(_ text: String, to width: Int) -> String {
        shortened(text, to: Double(width)) { Double(count($0)) }
    }

    /// A text whose middle gives way until it is narrow enough by some measure.
    static func shortened(_ text: String, to width: Double, measure: (Character) -> Double) -> String {
        if text.reduce(0, { $0 + measure($1) }) <= width { return text }
        let room = max(0, width - measure("…"))
        var head = ""
        var tail: [Character] = []
        var used = 0.0
        var characters = text[...]
        while let next = tail.count < head.count ? characters.last : characters.first, used + measure(next) <= room {
            used += measure(next)
            if tail.count < head.count {
                tail.append(characters.removeLast())
            } else {
                head.append(characters.removeFirst())
            }
        }
        return head + "…" + String(tail.reversed())
    }

    /// A text in lines of so many columns, broken at blanks; all but the first are moved in.
    static func wrapped(_ text: String, to width: Int, indent: Int) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, count(line) + 1 + count(String(word)) > width {
                lines.append(line)
                line = String(repeating: " ", count: indent) + word
            } else {
                line += line.isEmpty ? String(word) : " \(word)"
            }
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
