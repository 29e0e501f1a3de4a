import ArgumentParser
import Bench

/// The options that say what is measured, and how.
struct BenchOptions: ParsableArguments, Sendable {
    /// Less of everything.
    @Flag(help: "A few workloads, one short round: less than two minutes in all.")
    var quick = false

    /// Sets of workloads.
    @Option(
        help: ArgumentHelp(
            "A set of workloads: \(Suite.allCases.map(\.rawValue).joined(separator: ", ")); default: null.",
            discussion: "May be given several times.",
            valueName: "name"
        ),
        transform: { try CoreOptions.choice($0) }
    )
    var suite: [Suite] = []

    /// Single workloads.
    @Option(
        help: ArgumentHelp(
            "A workload by its name, or several by a pattern like 'direct-*-4k-*'; may be given several times.",
            valueName: "pattern"
        )
    )
    var workload: [String] = []

    /// Contenders.
    @Option(
        help: ArgumentHelp(
            "A contender by its name or a pattern, or one of your own with {} for the mount point.",
            discussion: "May be given several times; default: all that are there.",
            valueName: "name[=command]"
        ),
        transform: BenchOptions.contender
    )
    var contender: [ContenderOption] = []

    /// Who ratios are told against.
    @Option(help: ArgumentHelp("The contender that ratios are told against; default: libfuse.", valueName: "name"))
    var baseline: String?

    /// Where the yardsticks are.
    @Option(
        help: ArgumentHelp(
            "Where the servers in C are; default: Benchmarks/Yardsticks/bin of the project.",
            valueName: "directory"
        )
    )
    var yardsticks: String?

    /// How long a run takes.
    @Option(help: ArgumentHelp("How long fio runs each time; default: 3.", valueName: "seconds"))
    var seconds: Double?

    /// How often.
    @Option(help: ArgumentHelp("How many times each contender has its turn; default: 3.", valueName: "n"))
    var rounds: Int?

    /// Where callers run.
    @Option(help: ArgumentHelp("The CPU of the first caller; default: the first.", valueName: "n"))
    var cpu: Int?

    /// Jobs of the workloads that have several.
    @Option(
        help: ArgumentHelp(
            "Jobs of the workloads that have several; default: one for each CPU, four at most.", valueName: "n"))
    var jobs: Int?

    /// Files of the workloads that have many.
    @Option(help: ArgumentHelp("Files of the workloads that have many; default: 20000.", valueName: "n"))
    var files: Int?

    /// fio's engine.
    @Option(
        help: ArgumentHelp(
            "fio's way to keep several requests in flight: libaio or io_uring.", valueName: "engine"))
    var engine = "libaio"

    /// More words for mounts on the ring.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "More flags for RingFUSE on the ring, like '--pin sibling --poll 20us'.", valueName: "flags"),
        transform: BenchOptions.words
    )
    var ringOptions: [String] = []

    /// More words for mounts on the device.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("More flags for RingFUSE on the device.", valueName: "flags"),
        transform: BenchOptions.words
    )
    var deviceOptions: [String] = []

    /// More words for the C server on the ring.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "More flags for the server in C on the ring, like '--pin sibling --poll 20'.", valueName: "flags"),
        transform: BenchOptions.words
    )
    var floorOptions: [String] = []

    /// Where mounts and files are made.
    @Option(help: ArgumentHelp("Where mounts and files are made; default: /tmp.", valueName: "directory"))
    var scratch = "/tmp"

    /// When a load counts as hanging.
    @Option(
        help: ArgumentHelp(
            "How long a run may take beyond its time, before it counts as hanging; default: 60.",
            valueName: "seconds"
        )
    )
    var patience: Int?

    /// Checks ranges.
    func validate() throws {
        if let seconds, !(0.05...3600).contains(seconds) {
            throw ValidationError("--seconds \(seconds): must be from 0.05 to 3600")
        }
        try Self.check("--rounds", rounds, in: 1...1000)
        try Self.check("--jobs", jobs, in: 1...256)
        try Self.check("--patience", patience, in: 1...86_400)
        try Self.check("--files", files, in: 1...10_000_000)
        guard ["libaio", "io_uring"].contains(engine) else {
            throw ValidationError("--engine \(engine): must be libaio or io_uring")
        }
    }

    /// How to measure.
    var settings: Settings {
        var settings = Settings(tool: Executable.path)
        settings.suites = suite
        settings.workloads = workload
        if quick { settings.makeQuick() }
        settings.contenders = contender
        settings.baseline = baseline ?? ""
        settings.yardsticks = yardsticks ?? Yardsticks.directory(of: settings.tool)
        if let seconds { settings.seconds = seconds }
        if let rounds { settings.rounds = rounds }
        settings.cpu = cpu
        settings.jobs = jobs
        if let files { settings.files = files }
        settings.engine = engine
        settings.ringOptions = ringOptions
        settings.deviceOptions = deviceOptions
        settings.floorOptions = floorOptions
        settings.scratch = scratch
        if let patience { settings.patience = .seconds(patience) }
        return settings
    }

    private static func check(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(option) \(value): must be from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Reads a contender.
    @Sendable private static func contender(_ text: String) throws -> ContenderOption {
        try ContenderOption(parsing: text)
    }

    /// Reads flags, and adds nothing to those given before: the last option of several is the one that holds.
    @Sendable private static func words(_ text: String) throws -> [String] {
        try ShellWords.split(text)
    }
}
