/// How wide text is, without knowing the font: rather too wide than too narrow.
enum ChartText {
    /// The size of most text, in pixels.
    static let size = 13.0
    /// The size of notes.
    static let smallSize = 12.0
    /// The size of titles.
    static let titleSize = 18.0

    /// The width of a text in pixels.
    static func width(_ text: String, size: Double = size, isBold: Bool = false) -> Double {
        text.reduce(0) { $0 + width($1) } * size * (isBold ? 1.1 : 1)
    }

    /// A text whose middle gives way until it is no wider than this.
    static func shortened(_ text: String, to width: Double, size: Double = size, isBold: Bool = false) -> String {
        let room = width / (size * (isBold ? 1.1 : 1))
        return TextColumns.shortened(text, to: room) { self.width($0) }
    }

    /// The width of a character, in sizes of the font: that of DejaVu Sans, the widest of the usual ones.
    private static func width(_ character: Character) -> Double {
        guard character.isASCII else { return TextColumns.count(String(character)) > 1 ? 1.4 : 0.75 }
        return switch character {
        case "i", "j", "l", "'", "I": 0.3
        case " ", ".", ",", "f", "t", "r", ":", ";", "/", "(", ")", "[", "]", "|", "!", "\\", "-": 0.42
        case "m", "w", "M", "W", "@", "%", "&", "#", "+", "<", ">", "=", "~": 0.99
        case "A"..."Z": 0.79
        default: 0.645
        }
    }
}
