/// Lines for the executor. A line is `[child] [user] call argument...`.
enum Script {
    /// Whom lines can name.
    static let users = ["root", "alice", "bob", "carol"]

    /// The words of a line from its call on.
    static func words(of line: String) -> ArraySlice<Substring> {
        var words = line.split(separator: " ")[...]
        if words.first == "child" { words = words.dropFirst() }
        if let user = words.first, users.contains(String(user)) { words = words.dropFirst() }
        return words
    }

    /// The call of a line.
    static func call(of line: String) -> String { words(of: line).first.map(String.init) ?? "" }

    /// A word of a line; the call itself is the first, with number 0.
    static func word(_ index: Int, of line: String) -> Substring? {
        let words = words(of: line)
        return words.count > index ? words[words.startIndex + index] : nil
    }

    /// A word of a line that is a plain number.
    static func number(_ index: Int, of line: String) -> Int64? { word(index, of: line).flatMap { Int64($0) } }

    /// The directory that a path is in.
    static func parent(of path: Substring) -> Substring {
        path.lastIndex(of: "/").map { path[..<$0] } ?? "."
    }

    /// The lines of a text; `#` starts a remark.
    static func lines(of text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let line = line.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
            return line.isEmpty ? nil : line
        }
    }

    /// The paths of the tree that lines name, in order, with the root of the tree.
    static func paths(in lines: [String]) -> [String] {
        var paths: [String] = ["."]
        var known: Set<String> = ["."]
        for line in lines {
            let words = words(of: line)
            guard let call = words.first, let signature = Executor.signatures[String(call)] else { continue }
            for (kind, word) in zip(signature, words.dropFirst()) where kind == "p" {
                guard isPlain(word) else { continue }
                if known.insert(String(word)).inserted { paths.append(String(word)) }
            }
        }
        return paths
    }

    /// Whether a word is a path of the tree, without anything that stands for something else.
    private static func isPlain(_ word: Substring) -> Bool {
        !word.isEmpty && !word.contains { "@\\:,=".contains($0) } && !word.hasSuffix("/") && !word.hasPrefix("/")
            && !word.contains("..") && !word.contains("//") && !word.hasPrefix("user.") && !word.hasPrefix("trusted.")
    }
}
