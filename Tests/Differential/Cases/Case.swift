/// A script that somebody wrote down: what a call does, and each error that it can give.
struct Case {
    /// Which file systems a case is for.
    enum Room: String {
        /// Any that has room.
        case plenty
        /// Any that has room; a case makes many thousands of names, which takes its time.
        case thousands
        /// Small ones, of 16 MiB, which it fills.
        case little
        /// Small ones on which alice may have 1 MiB and 10 files.
        case quota
    }

    /// What it is about.
    let name: String
    /// The file systems it is for.
    let room: Room
    /// Its lines.
    let lines: [String]

    /// A script; `#` starts a remark.
    init(_ name: String, on room: Room = .plenty, _ text: String) {
        self.name = name
        self.room = room
        lines = Script.lines(of: text)
    }

    /// All of them.
    static let all =
        names + opening + renaming + content + space + attributes + times + extended + locks + mappings
        + waiting + direct + limits
}
