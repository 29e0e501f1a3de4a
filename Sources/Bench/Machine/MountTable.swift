/// What is mounted where, as the kernel tells it: unlike a look at the place, this cannot hang on a server that does not
/// answer.
enum MountTable {
    /// Whether something is mounted on a directory, whose path is without links.
    static func isMounted(_ path: String) -> Bool {
        type(at: path) != nil
    }

    /// The type of what is mounted last on a directory; nil for nothing.
    static func type(at path: String) -> String? {
        let lines = (ProcFile.read("/proc/self/mountinfo") ?? "").split(separator: "\n")
        for line in lines.reversed() {
            let words = line.split(separator: " ")
            guard words.count > 4, unescaped(words[4]) == path, let dash = words.firstIndex(of: "-") else { continue }
            return words.index(after: dash) < words.endIndex ? String(words[dash + 1]) : nil
        }
        return nil
    }

    /// Where something is mounted below a directory or on it, the innermost first.
    static func mountPoints(below directory: String) -> [String] {
        (ProcFile.read("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 4 ? unescaped(words[4]) : nil
        }.filter { $0 == directory || $0.hasPrefix(directory + "/") }.reversed()
    }

    /// The kernel writes blanks and the like as a backslash and three octal digits.
    private static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(word.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
