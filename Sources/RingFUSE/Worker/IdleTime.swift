import SystemPackage

/// How much of each CPU's time is idle, from one look at /proc/stat to the next.
///
/// So is the time of programs with a positive nice value: they have said that they give way.
struct IdleTime: Sendable {
    /// Ticks of a CPU since it came up.
    struct Ticks: Sendable, Equatable {
        var idle: UInt64
        var all: UInt64
    }

    private var last: [Int: Ticks] = [:]
    private var shares: [Int: Double] = [:]

    /// Looks.
    mutating func look() { look(SystemFile.text(of: "/proc/stat") ?? "") }

    /// Looks at a text like that of /proc/stat.
    mutating func look(_ text: String) {
        let now = Self.parse(text)
        shares = [:]
        for (cpu, ticks) in now {
            guard let before = last[cpu], ticks.all > before.all, ticks.idle >= before.idle else { continue }
            shares[cpu] = Double(ticks.idle - before.idle) / Double(ticks.all - before.all)
        }
        last = now
    }

    /// The share of a CPU's time between the last two looks that was to be had; 0 where it is not known.
    func share(of cpu: Int) -> Double { shares[cpu] ?? 0 }

    /// Reads the lines of CPUs: user, nice, system, idle, iowait and more, in ticks (proc(5)).
    private static func parse(_ text: String) -> [Int: Ticks] {
        var found: [Int: Ticks] = [:]
        for line in text.split(separator: "\n") {
            guard line.hasPrefix("cpu") else { break }
            let words = line.split(separator: " ")
            guard let cpu = Int(words[0].dropFirst(3)) else { continue }
            // Guests' time is in user's and nice's already.
            let ticks = words.dropFirst().prefix(8).compactMap { UInt64($0) }
            guard ticks.count >= 5 else { continue }
            found[cpu] = Ticks(idle: ticks[1] + ticks[3] + ticks[4], all: ticks.reduce(0, +))
        }
        return found
    }
}
