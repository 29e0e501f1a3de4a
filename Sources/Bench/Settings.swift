/// How a benchmark is to be run.
public struct Settings: Sendable {
    /// The tool itself, by its path.
    public var tool: String
    /// The sets of workloads.
    public var suites: [Suite] = []
    /// Patterns of workloads; besides those of the suites, or instead where no suite is named.
    public var workloads: [String] = []
    /// Which contenders, and more of them.
    public var contenders: [ContenderOption] = []
    /// Where the yardsticks are.
    public var yardsticks = ""
    /// How long fio runs, for each contender, workload and round.
    public var seconds = 3.0
    /// How many times each contender has its turn.
    public var rounds = 3
    /// Where the first pinned caller runs; the next follow it. Nil for the first that is allowed.
    public var cpu: Int?
    /// Jobs of workloads that have several; nil for as many as there are CPUs, but four at most.
    public var jobs: Int?
    /// Files of workloads that have many.
    public var files = 20_000
    /// The volume of the network store, as `ringfuse store mount` takes it; empty where there is none.
    public var volume = ""
    /// More words for RingFUSE's mounts on the ring.
    public var ringOptions: [String] = []
    /// More words for RingFUSE's mounts on the device.
    public var deviceOptions: [String] = []
    /// More words for the C server on the ring.
    public var floorOptions: [String] = []
    /// fio's engine that keeps several requests in flight.
    public var engine = "libaio"
    /// The contender that ratios are told against; empty for the first known of those that take part.
    public var baseline = ""
    /// Where mounts and files are made, in a directory of their own.
    public var scratch = "/tmp"

    /// After how long no run is begun any more; nil for never.
    public var budget: Duration?
    /// How long a server may take to serve.
    public var startLimit = Duration.seconds(10)
    /// How long a load may take beyond the time that it is given, before it counts as hanging.
    public var patience = Duration.seconds(60)

    /// How a benchmark is to be run by a tool.
    public init(tool: String) {
        self.tool = tool
    }

    /// Less of everything, so that all of it ends within two minutes.
    public mutating func makeQuick() {
        if suites.isEmpty && workloads.isEmpty { suites = [.quick] }
        (seconds, rounds, files) = (0.3, 1, 2_000)
        budget = .seconds(100)
    }
}
