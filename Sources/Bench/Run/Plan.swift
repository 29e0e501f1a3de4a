/// Who does what, in which order, and who or what is left out.
public struct Plan: Sendable {
    /// One run: a contender is mounted for it and unmounted after it.
    public struct Step: Sendable, Equatable {
        /// The round, from 0.
        public var round: Int
        /// What is done.
        public var workload: Workload
        /// By whom.
        public var contender: Contender
    }

    /// Who takes part, in the order of tables.
    public private(set) var contenders: [Contender]
    /// What is done, in the order of tables.
    public private(set) var workloads: [Workload]
    /// What is left out from the start.
    public private(set) var omissions: [Report.Omission] = []
    /// The contender that ratios are told against.
    public private(set) var baseline: String
    /// The number of rounds.
    let rounds: Int

    /// The order in which a baseline is looked for.
    private static let baselines = ["libfuse", "ringfuse-device", "floor-device"]

    /// Chooses.
    ///
    /// - Throws: ``Refusal`` where a pattern matches nothing, or nothing remains to be done.
    public init(_ settings: Settings, on machine: Machine) throws(Refusal) {
        if let cpu = settings.cpu, !machine.cpus.contains(cpu) {
            throw Refusal("--cpu \(cpu): this process may run on \(machine.cpus) only")
        }
        rounds = settings.rounds
        workloads = try Self.workloads(settings, on: machine)
        contenders = try Self.contenders(settings)
        baseline = ""
        omitWorkloads(on: machine)
        omitContenders(on: machine)
        try chooseBaseline(settings.baseline)
    }

    /// All workloads that settings know.
    static func catalogue(_ settings: Settings, on machine: Machine) -> [Workload] {
        let jobs = settings.jobs ?? min(4, max(1, machine.cpus.count))
        let hasOwn = settings.contenders.contains { if case .command = $0 { true } else { false } }
        return Catalogue(
            jobs: jobs, files: settings.files, machine: machine, hasVolume: hasOwn || !settings.volume.isEmpty
        ).all
    }

    /// All contenders that settings know.
    static func roster(_ settings: Settings) -> [Contender] {
        let roster = Roster(
            tool: settings.tool, yardsticks: settings.yardsticks, volume: settings.volume,
            ringOptions: settings.ringOptions, deviceOptions: settings.deviceOptions,
            floorOptions: settings.floorOptions)
        return roster.all
            + settings.contenders.compactMap { option in
                if case .command(let contender) = option { contender } else { nil }
            }
    }

    /// The runs. Contenders take turns at each workload, and another one begins in each round.
    public var steps: [Step] {
        (0..<rounds).flatMap { round in
            workloads.flatMap { workload in
                let turns = contenders.filter { takesPart($0, in: workload) }
                return turns.indices.map { index in
                    Step(round: round, workload: workload, contender: turns[(index + round) % turns.count])
                }
            }
        }
    }

    /// Whether a contender does a workload.
    func takesPart(_ contender: Contender, in workload: Workload) -> Bool {
        contender.services[workload.field] != nil
    }

    // MARK: Choosing

    private static func workloads(_ settings: Settings, on machine: Machine) throws(Refusal) -> [Workload] {
        let all = catalogue(settings, on: machine)
        for pattern in settings.workloads
        where !all.contains(where: { Pattern.matches($0.identifier, pattern) }) {
            throw Refusal("--workload \(pattern): there is no such workload; --list tells which there are")
        }
        var suites = settings.suites
        if suites.isEmpty && settings.workloads.isEmpty { suites = [.null] }
        return all.filter { workload in
            !workload.suites.isDisjoint(with: suites) || suites.contains(.all)
                || settings.workloads.contains { Pattern.matches(workload.identifier, $0) }
        }
    }

    private static func contenders(_ settings: Settings) throws(Refusal) -> [Contender] {
        let all = roster(settings)
        let own = all.suffix(settings.contenders.count { if case .command = $0 { true } else { false } })
        let patterns: [String] = settings.contenders.compactMap { option in
            if case .pattern(let pattern) = option { pattern } else { nil }
        }
        for pattern in patterns where !all.contains(where: { Pattern.matches($0.identifier, pattern) }) {
            throw Refusal("--contender \(pattern): there is no such contender; --list tells which there are")
        }
        var names: Set<String> = []
        for contender in all where !names.insert(contender.identifier).inserted {
            throw Refusal("--contender \(contender.identifier)=…: there is one of that name already")
        }
        guard !patterns.isEmpty else { return all }
        return all.filter { contender in
            own.contains(contender) || patterns.contains { Pattern.matches(contender.identifier, $0) }
        }
    }

    private mutating func omitWorkloads(on machine: Machine) {
        for workload in workloads {
            guard let obstacle = workload.obstacle else { continue }
            omissions.append(Report.Omission(subject: workload.entry.name, reason: obstacle))
        }
        workloads.removeAll { $0.obstacle != nil }
        guard machine.fio == nil, workloads.contains(where: \.isDrivenByFio) else { return }
        workloads.removeAll(where: \.isDrivenByFio)
        omissions.append(Report.Omission(subject: "reads and writes", reason: "fio is not there: apt install fio"))
    }

    /// Takes from contenders what they cannot do here, and leaves out those that can do nothing.
    private mutating func omitContenders(on machine: Machine) {
        let fields = Field.allCases.filter { field in workloads.contains { $0.field == field } }
        for index in contenders.indices {
            var obstacles: [String] = []
            contenders[index].services = contenders[index].services.filter { fields.contains($0.key) }
            for field in fields where contenders[index].services[field] != nil {
                guard let obstacle = contenders[index].obstacle(in: field, on: machine) else { continue }
                contenders[index].services[field] = nil
                if !obstacles.contains(obstacle) { obstacles.append(obstacle) }
            }
            omissions += obstacles.map { Report.Omission(subject: contenders[index].name, reason: $0) }
        }
        contenders.removeAll { $0.services.isEmpty }
    }

    private mutating func chooseBaseline(_ wish: String) throws(Refusal) {
        guard !workloads.isEmpty, let first = contenders.first else {
            let only = Set(omissions.map(\.reason)).count == 1 ? omissions[0].reason : nil
            let reasons = only ?? omissions.map { "\($0.subject): \($0.reason)" }.joined(separator: "; ")
            throw Refusal("nothing to measure\(reasons.isEmpty ? "" : ": \(reasons)")")
        }
        if !wish.isEmpty, !contenders.contains(where: { $0.identifier == wish }) {
            throw Refusal("--baseline \(wish): it does not take part")
        }
        let known = Self.baselines.first { name in contenders.contains { $0.identifier == name } }
        baseline = wish.isEmpty ? known ?? first.identifier : wish
    }
}
