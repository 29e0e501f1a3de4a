import ArgumentParser
import RingFUSE

/// The options that say how a mount is served: transport, workers, buffers.
struct CoreOptions: ParsableArguments, Sendable {
    /// Which way requests come.
    @Option(
        help: ArgumentHelp(
            "Which way requests come: auto, ring or device.",
            discussion: "auto takes the ring where it can be had and says why not; ring fails instead.",
            valueName: "transport"
        ),
        transform: CoreOptions.transport
    )
    var transport: SessionConfiguration.Transport = .auto

    /// Entries of each queue.
    @Option(
        help: ArgumentHelp(
            "Requests that each queue holds at a time. (default: 32; 8 for memory and null, which never wait)",
            valueName: "n"))
    var depth: Int?

    /// The bound on buffers.
    @Option(
        help: ArgumentHelp(
            "The most memory for buffers of all queues (1G, 512M, bytes); lowers the depth where it must.",
            valueName: "size"
        ),
        transform: { try ByteSize(parsing: $0) }
    )
    var memory: ByteSize?

    /// Where workers run.
    @Option(
        help: ArgumentHelp("The CPUs that workers run on, like 0-3,8; default: all.", valueName: "list"),
        transform: CoreOptions.cpus
    )
    var cpus: CPUSet?

    /// How many workers.
    @Option(help: ArgumentHelp("How many workers; default: one for each CPU.", valueName: "n"))
    var workers: Int?

    /// Where workers are pinned.
    @Option(
        help: ArgumentHelp(
            """
            Where a worker is pinned: same (the CPU whose queue it serves), sibling (its neighbour), none, or auto \
            (same; sibling, both CPUs, or whichever has room, while that serves the load at hand faster).
            """,
            valueName: "pin"
        ),
        transform: CoreOptions.pin
    )
    var pin: Placement.Pin = .auto

    /// How long a worker polls.
    @Option(
        help: ArgumentHelp(
            "How long a worker polls before it sleeps, like 20us or 1ms; default: 0.",
            valueName: "duration"
        ),
        transform: { try PollDuration(parsing: $0) }
    )
    var poll: PollDuration?

    /// One worker for everything.
    @Flag(help: "One thread and one ring for all queues, for debugging.")
    var single = false

    /// The largest write.
    @Option(
        help: ArgumentHelp(
            "The largest read or write that the kernel sends (1M, 128K, bytes); default: 1M.",
            valueName: "size"
        ),
        transform: { try ByteSize(parsing: $0) }
    )
    var maxWrite: ByteSize?

    /// Asynchronous requests under way.
    @Option(help: ArgumentHelp("Asynchronous requests that the kernel may have under way.", valueName: "n"))
    var maxBackground = SessionConfiguration().maxBackground

    /// When the kernel gives up.
    @Option(
        help: ArgumentHelp(
            "After how many seconds without an answer the kernel aborts the connection; 0: never.",
            valueName: "seconds"
        )
    )
    var requestTimeout = 0

    /// When a request counts as stuck.
    @Option(
        help: ArgumentHelp(
            "After how many seconds the log and `ringfuse stats` name an unanswered request; 0: never.",
            valueName: "seconds"
        )
    )
    var stuckAfter = Int(SessionConfiguration().stuckAfter.components.seconds)

    /// Checks the ranges; what depends on the machine is checked when workers are placed.
    func validate() throws {
        if let depth { try Self.check("--depth", depth, in: 1...65_535) }
        try Self.check("--max-background", maxBackground, in: 1...65_535)
        // The kernel has 16 bits for it.
        try Self.check("--request-timeout", requestTimeout, in: 0...65_535)
        try Self.check("--stuck-after", stuckAfter, in: 0...1_000_000_000)
        if let workers { try Self.check("--workers", workers, in: 1...CPUSet.limit) }
        if let maxWrite { try Self.check("--max-write", maxWrite.bytes, in: 4096...(256 << 20)) }
        if single, let workers, workers != 1 {
            throw ValidationError("\(PlacementError.singleAmong(workers))")
        }
    }

    /// The configuration that these options ask for.
    var configuration: SessionConfiguration {
        var configuration = SessionConfiguration()
        configuration.transport = transport
        configuration.placement = Placement.Wishes(cpus: cpus, workers: workers, pin: pin, single: single)
        configuration.depth = depth
        configuration.memoryLimit = memory?.bytes
        configuration.poll = poll?.duration ?? .zero
        if let maxWrite { configuration.maxWrite = maxWrite.bytes }
        configuration.maxBackground = maxBackground
        configuration.requestTimeout = requestTimeout
        configuration.stuckAfter = .seconds(stuckAfter)
        return configuration
    }

    /// Refuses a number outside its range.
    private static func check(_ option: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option) \(value): must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Reads a transport.
    @Sendable private static func transport(_ text: String) throws -> SessionConfiguration.Transport {
        try choice(text)
    }

    /// Reads a pin.
    @Sendable private static func pin(_ text: String) throws -> Placement.Pin {
        try choice(text)
    }

    /// Reads one of the values of an enumeration.
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw InvalidValue("must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// Reads a list of CPUs, which must not be empty.
    @Sendable private static func cpus(_ text: String) throws -> CPUSet {
        let set: CPUSet
        do throws(CPUSet.ParseError) {
            set = try CPUSet(parsing: text)
        } catch {
            throw InvalidValue("'\(error.part)' \(error.reason); write it like 0-3,8,10-11")
        }
        guard !set.isEmpty else { throw InvalidValue("names no CPU; leave the option out to use every one") }
        return set
    }
}
