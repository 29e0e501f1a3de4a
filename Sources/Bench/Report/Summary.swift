/// What all rounds of one workload say about one contender.
///
/// What is missing is left out and never taken for zero: each figure is of the rounds that have it, and nil where none
/// has. Of several samples of the same round the last one counts.
public struct Summary: Sendable, Equatable {
    /// Latencies in microseconds: medians of what the rounds told.
    public struct Latency: Sendable, Equatable {
        /// The median of the rounds' medians.
        public let p50: Double
        /// The median of what 99 of 100 operations stayed below.
        public let p99: Double
        /// The median of what 999 of 1000 operations stayed below.
        public let p999: Double
    }

    /// What the server spent, for each operation but where said otherwise: medians of what the rounds told.
    public struct ServerCost: Sendable, Equatable {
        /// Microseconds of CPU, user and system.
        public let cpuMicroseconds: Double
        /// Context switches, voluntary or not.
        public let contextSwitches: Double
        /// System calls; nil where nothing counted them.
        public let systemCalls: Double?
        /// The most bytes of memory that were resident; nil where no round knows.
        public let peakBytes: Double?
    }

    /// The results in the unit of the workload; nil where there is none.
    public let result: Spread?
    /// The results held against the baseline's; nil where no round has both, and for the baseline itself.
    public let comparison: Comparison?
    /// How long operations took; nil where no round measured it.
    public let latency: Latency?
    /// What the server spent; nil where no round could tell.
    public let server: ServerCost?

    /// Sums up the rounds of one contender.
    /// - Parameters:
    ///   - samples: Its samples of one workload.
    ///   - baseline: The baseline's samples of the same workload; nil for the baseline itself.
    ///   - unit: What the workload's results are told in.
    init(samples: [Sample], baseline: [Sample]?, unit: Report.Unit) {
        let rounds = Summary.byRound(samples)
        result = Spread(rounds.values.map { $0.value(in: unit) })
        comparison = baseline.flatMap { baseline in
            let others = Summary.byRound(baseline)
            return Comparison(
                pairs: rounds.sorted { $0.key < $1.key }.compactMap { round, sample in
                    others[round].map { (sample.value(in: unit), $0.value(in: unit)) }
                })
        }
        latency = Summary.latency(of: rounds.values.compactMap(\.latency))
        server = Summary.server(of: rounds.values.compactMap(\.server))
    }

    /// The last sample of each round.
    private static func byRound(_ samples: [Sample]) -> [Int: Sample] {
        Dictionary(samples.map { ($0.round, $0) }) { _, last in last }
    }

    /// The medians of some rounds' latencies.
    private static func latency(of rounds: [Sample.Latency]) -> Latency? {
        guard let p50 = Spread(rounds.map(\.p50)), let p99 = Spread(rounds.map(\.p99)),
            let p999 = Spread(rounds.map(\.p999))
        else { return nil }
        return Latency(p50: p50.median, p99: p99.median, p999: p999.median)
    }

    /// The medians of some rounds' costs.
    private static func server(of rounds: [Sample.ServerCost]) -> ServerCost? {
        guard let cpu = Spread(rounds.map(\.cpuMicroseconds)), let switches = Spread(rounds.map(\.contextSwitches))
        else { return nil }
        return ServerCost(
            cpuMicroseconds: cpu.median, contextSwitches: switches.median,
            systemCalls: Spread(rounds.compactMap(\.systemCalls))?.median,
            peakBytes: Spread(rounds.compactMap(\.peakBytes))?.median)
    }
}

extension Sample {
    /// The result in some unit.
    func value(in unit: Report.Unit) -> Double {
        switch unit {
        case .operationsPerSecond: operationsPerSecond
        case .bytesPerSecond: bytesPerSecond
        }
    }
}
