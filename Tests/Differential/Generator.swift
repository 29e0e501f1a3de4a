/// Makes scripts from a seed: operations on a small tree with several open files, by several users.
struct Generator {
    private var numbers: SeededNumbers
    /// Kinds of steps that this script is made of.
    private let makers: [Maker]

    /// Makes one line, without its user.
    typealias Maker = (inout Generator) -> String

    /// A generator for one script.
    init(seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        // Half of the scripts use a part of the calls only, and so get further with these.
        let groups = Self.groups.filter { $0.isNeeded || numbers.once(in: 2) }
        makers = (numbers.once(in: 2) ? Self.groups : groups).flatMap(\.makers)
        self.numbers = numbers
    }

    /// The script of a seed.
    static func script(seed: UInt64) -> [String] {
        var generator = Generator(seed: seed)
        var lines = start
        let count = 10 + Int(generator.numbers.next() % 70)
        for _ in 0..<count { lines.append(generator.line()) }
        return lines
    }

    /// How often the script of a seed is looked at.
    static func watch(seed: UInt64) -> Trial.Watch {
        switch seed % 4 {
        case 0: .every(1000)
        case 1: .every(8)
        default: .always
        }
    }

    /// What every script starts with.
    private static let start = [
        "mkdir d 0777", "mkdir e 01777", "mkdir d/s 02775", "alice open 0 d/f O_RDWR|O_CREAT 0644", "write 0 5000@1",
        "chown d/s 1001 1001", "open 1 f O_RDWR|O_CREAT 0666", "write 1 100@2",
    ]

    /// One step.
    mutating func line() -> String {
        let maker = numbers.pick(makers)
        let step = maker(&self)
        let user = numbers.pick(["alice ", "alice ", "bob ", "carol ", "", "", "", ""])
        let child = "child "
        return step.hasPrefix(child) ? child + user + step.dropFirst(child.count) : user + step
    }

    // MARK: Arguments

    private static let files = ["f", "g", "d/f", "d/g", "e/f", "e/g", "d/s/f", "e/s/f"]
    private static let directories = ["d", "e", "d/s", "e/s"]
    private static let odd = [
        ".", "f/", "d/", "f/x", "d/..", "@n255", "@n256", "@empty", "@ro/f", "@ro/d/g", "d/./f", "@other/f", "h/h",
        "\\xff\\x01", "@fd1", "d/@n255/f",
    ]

    /// A path of any kind.
    mutating func path() -> String {
        switch numbers.next() % 12 {
        case 0: numbers.pick(Self.odd)
        case 1, 2, 3: numbers.pick(Self.directories)
        default: numbers.pick(Self.files)
        }
    }

    /// A path that is mostly a directory's.
    mutating func directory() -> String { numbers.pick(numbers.once(in: 8) ? Self.files : Self.directories) }
    mutating func slot() -> String { numbers.pick(["0", "1", "1", "2", "3"]) }
    mutating func pick(_ values: String...) -> String { numbers.pick(values) }
    mutating func size() -> String {
        pick("0", "1", "10", "100", "511", "4095", "4096", "4097", "8192", "10000", "65536", "70000")
    }
    mutating func offset() -> String {
        pick("0", "0", "1", "50", "4095", "4096", "5000", "8192", "12288", "65536", "100000", "1M", "4G+5")
    }
    mutating func data() -> String { "\(size())@\(numbers.next() % 100)" }
    mutating func mode() -> String {
        pick(
            "0644", "0600", "0755", "0777", "0666", "0", "0444", "04755", "02755", "02775", "06777", "01777", "0711",
            "04644", "07777")
    }
    mutating func owner() -> String { pick("0", "1001", "1002", "-1", "-1", "1003") }
    mutating func group() -> String { pick("0", "1001", "1002", "2000", "-1", "-1") }
    mutating func flags() -> String {
        var flags = pick("O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR", "O_PATH")
        for flag in ["O_CREAT", "O_CREAT", "O_EXCL", "O_TRUNC", "O_APPEND", "O_NOFOLLOW", "O_DIRECTORY"]
        where numbers.once(in: flag == "O_CREAT" ? 2 : 5) {
            flags += "|" + flag
        }
        if numbers.once(in: 20) { flags = "O_TMPFILE|" + pick("O_RDWR", "O_WRONLY", "O_RDWR|O_EXCL") }
        return flags + "|O_NONBLOCK"
    }
    mutating func time() -> String {
        pick("TIME_NOW", "TIME_OMIT", "TIME_OMIT", "1000000001", "1234567890123456789", "0", "-5000000000")
    }
    mutating func attribute() -> String { pick("user.a", "user.a", "user.b", "trusted.t", "user.@n250", "bad.x") }
}
