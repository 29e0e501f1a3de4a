/// A script that somebody wrote down: what a call does, and each error that it can give.
struct Case {
    /// What it is about.
    let name: String
    /// Its lines.
    let lines: [String]

    /// A script; `#` starts a remark.
    init(_ name: String, _ text: String) {
        self.name = name
        lines = Script.lines(of: text)
    }

    /// All of them.
    static let all = names + opening + renaming + content + space + attributes + times + extended + locks + mappings
}
