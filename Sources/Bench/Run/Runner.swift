/// Carries out a plan.
public struct Runner {
    /// How it went.
    public enum Ending: Sendable, Equatable {
        /// All that could be measured was.
        case complete
        /// Something that should have worked did not.
        case failed
        /// The task was cancelled; what was measured until then is in the report.
        case interrupted
    }

    private let settings: Settings
    private let machine: Machine
    private let plan: Plan
    private var progress: Progress
    /// What has been found so far.
    public private(set) var report: Report
    /// Contenders that have broken down, and pairs of contenders and workloads that do not work.
    private var given: Set<String> = []
    private var ending = Ending.complete

    /// Carries out a plan.
    public init(_ settings: Settings, on machine: Machine, plan: Plan) {
        self.settings = settings
        self.machine = machine
        self.plan = plan
        progress = Progress(total: plan.steps.count)
        let fields = Facts.fields(of: plan)
        report = Report(
            date: Facts.now,
            facts: Facts.all(settings, on: machine, plan: plan),
            contenders: plan.contenders.map { $0.entry(in: fields) },
            workloads: plan.workloads.map(\.entry),
            omissions: plan.omissions,
            baseline: plan.baseline
        )
    }

    /// Runs all steps. Cancel the task to end it early; whatever was mounted is unmounted before it returns.
    ///
    /// - Throws: ``Refusal`` where there is no place to work.
    public mutating func run() async throws -> Ending {
        let scratch = try Scratch(below: settings.scratch)
        await prepareDisk(in: scratch)
        let start = ContinuousClock.now
        for (index, step) in plan.steps.enumerated() {
            if Task.isCancelled { break }
            if let budget = settings.budget, ContinuousClock.now - start > budget {
                report.omissions.append(
                    Report.Omission(
                        subject: "the last \(plan.steps.count - index) of \(plan.steps.count) runs",
                        reason: "the time of --quick was up: leave it out, or choose with --workload and --contender"))
                break
            }
            await run(step, in: scratch)
            progress.end()
        }
        progress.close()
        if let line = scratch.remove() {
            progress.tell(line)
            ending = .failed
        }
        let costs = report.samples.compactMap(\.server)
        if !costs.isEmpty, costs.allSatisfy({ $0.systemCalls == nil }) {
            report.omissions.append(
                Report.Omission(
                    subject: "system calls of servers",
                    reason: "they cannot be counted: run as root, with tracefs on /sys/kernel/tracing"))
        }
        return Task.isCancelled ? .interrupted : ending
    }

    // MARK: Steps

    private mutating func run(_ step: Plan.Step, in scratch: Scratch) async {
        let (contender, pair) = (step.contender.identifier, "\(step.contender.identifier) \(step.workload.identifier)")
        guard !given.contains(contender), !given.contains(pair) else { return }
        progress.begin(step, of: settings.rounds)
        do {
            let measurement = Measurement(step: step, settings: settings, machine: machine, scratch: scratch)
            report.samples.append(try await measurement.sample())
        } catch {
            // Where all is taken away at once, errors say nothing of whom they meet.
            if Task.isCancelled { return }
            let isFinal = (error as? BenchFailure)?.isFinal ?? false
            given.insert(isFinal ? contender : pair)
            omit(step.contender.name + (isFinal ? "" : ": \(step.workload.entry.name)"), "\(error)")
        }
    }

    private mutating func omit(_ subject: String, _ reason: String) {
        report.omissions.append(Report.Omission(subject: subject, reason: reason))
        progress.tell("\(subject): \(reason)")
        ending = .failed
    }

    /// Mirrors pass through an ext4 file system of the benchmark's own, where it may be mounted, or else a directory.
    private mutating func prepareDisk(in scratch: Scratch) async {
        let isWanted = plan.steps.contains { step in
            step.workload.field == .mirror || step.contender.services[step.workload.field] == .image
        }
        guard isWanted else { return }
        guard machine.isRoot else {
            report.facts.append(Report.Fact(name: "source of mirrors", value: "a directory in \(settings.scratch)"))
            return
        }
        do {
            try await Disk.mount(in: scratch, files: settings.files)
            report.facts.append(Report.Fact(name: "source of mirrors", value: "ext4 on a loop device"))
        } catch {
            for contender in plan.contenders where contender.services[.memory] == .image {
                given.insert(contender.identifier)
            }
            omit("ext4 on a loop device", "\(error)")
        }
    }
}
