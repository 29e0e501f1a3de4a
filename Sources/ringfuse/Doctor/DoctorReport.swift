/// What the doctor found.
struct DoctorReport: Encodable, Equatable {
    /// How good a finding is.
    enum Level: String, Encodable, Comparable, CaseIterable {
        /// As it should be.
        case ok
        /// Mounting works, but less well than it could.
        case warn
        /// Something does not work.
        case fail

        /// Orders by gravity.
        static func < (left: Level, right: Level) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// One thing that was looked at.
    struct Finding: Encodable, Equatable {
        /// A name for programs, which stays the same from version to version.
        let id: String
        /// How good it is.
        let level: Level
        /// What was found.
        let text: String
        /// What to do about it.
        let fix: String?

        /// A finding.
        init(_ id: String, _ level: Level, _ text: String, fix: String? = nil) {
            self.id = id
            self.level = level
            self.text = text
            self.fix = fix
        }
    }

    /// What was looked at, in the order in which things depend on each other.
    let findings: [Finding]
    /// Whether this user can mount at all.
    let canMount: Bool
    /// Whether the ring can be used.
    let ring: Bool
    /// The last line.
    let conclusion: String

    /// The lines for people.
    var text: String {
        var lines: [String] = []
        for finding in findings {
            let level = finding.level.rawValue
            lines.append(level + String(repeating: " ", count: 6 - level.count) + finding.text)
            if let fix = finding.fix { lines.append("      -> \(fix)") }
        }
        lines.append(conclusion)
        return lines.joined(separator: "\n")
    }
}
