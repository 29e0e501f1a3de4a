internal import FoundationEssentials
internal import Glibc

/// What a report says of the machine and of how it was asked.
enum Facts {
    /// All of it.
    static func all(_ settings: Settings, on machine: Machine, plan: Plan) -> [Report.Fact] {
        var facts = [
            Report.Fact(name: "kernel", value: "Linux " + (ProcFile.read("/proc/sys/kernel/osrelease") ?? "?")),
            Report.Fact(name: "CPUs", value: "\(machine.cpus.count), \(model)"),
            Report.Fact(
                name: "each run", value: "\(settings.seconds) s; rounds: \(settings.rounds), in turn"),
            Report.Fact(name: "many files", value: "\(settings.files)"),
            Report.Fact(name: "queued by", value: settings.engine),
            Report.Fact(name: "user", value: machine.isRoot ? "root" : "not root"),
        ]
        for (name, options) in [
            ("ring options", settings.ringOptions), ("device options", settings.deviceOptions),
            ("C options", settings.floorOptions),
        ] where !options.isEmpty {
            facts.append(Report.Fact(name: name, value: options.joined(separator: " ")))
        }
        return facts + commands(of: plan)
    }

    /// The commands of contenders that serve several kinds, beyond the one that the report has in its place.
    private static func commands(of plan: Plan) -> [Report.Fact] {
        let fields = fields(of: plan)
        guard fields.count > 1 else { return [] }
        return plan.contenders.flatMap { contender in
            fields.compactMap { field in
                guard case .process(let words, _) = contender.services[field] else { return nil }
                return Report.Fact(
                    name: "\(contender.identifier), \(field.rawValue)", value: words.joined(separator: " "))
            }
        }
    }

    /// The kinds of file systems that are used.
    static func fields(of plan: Plan) -> [Field] {
        Field.allCases.filter { field in plan.workloads.contains { $0.field == field } }
    }

    /// The time, ISO 8601.
    static var now: String { Date.now.formatted(.iso8601) }

    private static var model: String {
        let lines = (ProcFile.read("/proc/cpuinfo") ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown"
    }
}
