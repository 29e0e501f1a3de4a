/// A script that somebody wrote down.
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
    static var all: [Case] { [Case("x", "mkdir d 0755\nmkdir d 0755")] }
}
