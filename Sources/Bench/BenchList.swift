/// All contenders and workloads, with what is missing, for people.
public struct BenchList: CustomStringConvertible {
    private let settings: Settings
    private let machine: Machine

    /// What settings know on a machine.
    public init(_ settings: Settings, on machine: Machine) {
        self.settings = settings
        self.machine = machine
    }

    /// The list.
    public var description: String {
        (["Contenders:"] + contenders + ["", "Workloads, with their suites:"] + workloads + ["", "Suites:"] + suites)
            .joined(separator: "\n")
    }

    private var contenders: [String] {
        Plan.roster(settings).flatMap { contender in
            let fields = Field.allCases.filter { contender.services[$0] != nil }
            let kinds = fields.map(\.rawValue).joined(separator: ", ")
            var lines = ["  \(contender.identifier.padded(to: 24)) \(contender.name) (\(kinds))"]
            var obstacles: [String] = []
            for field in fields {
                guard let obstacle = contender.obstacle(in: field, on: machine), !obstacles.contains(obstacle) else {
                    continue
                }
                obstacles.append(obstacle)
            }
            lines += obstacles.map { "  \("".padded(to: 24)) missing: \($0)" }
            return lines
        }
    }

    private var workloads: [String] {
        Plan.catalogue(settings, on: machine).flatMap { workload in
            let suites = workload.suites.map(\.rawValue).sorted().joined(separator: ", ")
            let line = "  \(workload.identifier.padded(to: 40)) \(workload.entry.name) (\(suites))"
            return [line] + (workload.obstacle.map { ["  \("".padded(to: 40)) missing: \($0)"] } ?? [])
        }
    }

    private var suites: [String] {
        Suite.allCases.map { "  \($0.rawValue.padded(to: 12)) \($0.summary)" }
    }
}

extension String {
    /// The text with blanks up to a width.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
