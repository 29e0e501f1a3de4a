/// What one run of one workload on one contender gave.
public struct Sample: Codable, Sendable, Equatable {
    /// The contender's identifier.
    public var contender: String
    /// The workload's identifier.
    public var workload: String
    /// The round, from 0; each takes every contender once.
    public var round: Int
    /// Operations a second.
    public var operationsPerSecond: Double
    /// Bytes a second; 0 for metadata.
    public var bytesPerSecond: Double
    /// How long operations took; nil where it was not measured.
    public var latency: Latency?
    /// What the server spent; nil where it could not be told (another user's process, a kernel file system).
    public var server: ServerCost?

    /// Latencies in microseconds.
    public struct Latency: Codable, Sendable, Equatable {
        /// The mean.
        public var mean: Double
        /// The median.
        public var p50: Double
        /// What 99 of 100 stay below.
        public var p99: Double
        /// What 999 of 1000 stay below.
        public var p999: Double

        /// Latencies in microseconds.
        public init(mean: Double, p50: Double, p99: Double, p999: Double) {
            self.mean = mean
            self.p50 = p50
            self.p99 = p99
            self.p999 = p999
        }
    }

    /// What the server's process spent, for each operation but where said otherwise.
    public struct ServerCost: Codable, Sendable, Equatable {
        /// Microseconds of CPU, user and system.
        public var cpuMicroseconds: Double
        /// Context switches, voluntary or not.
        public var contextSwitches: Double
        /// System calls; nil where nothing counts them.
        public var systemCalls: Double?
        /// The most bytes of memory that were resident since it started; nil where that is not known.
        public var peakBytes: Double?

        /// What the server's process spent for each operation.
        public init(
            cpuMicroseconds: Double,
            contextSwitches: Double,
            systemCalls: Double? = nil,
            peakBytes: Double? = nil
        ) {
            self.cpuMicroseconds = cpuMicroseconds
            self.contextSwitches = contextSwitches
            self.systemCalls = systemCalls
            self.peakBytes = peakBytes
        }
    }

    /// What one run of one workload on one contender gave.
    public init(
        contender: String,
        workload: String,
        round: Int,
        operationsPerSecond: Double,
        bytesPerSecond: Double = 0,
        latency: Latency? = nil,
        server: ServerCost? = nil
    ) {
        self.contender = contender
        self.workload = workload
        self.round = round
        self.operationsPerSecond = operationsPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.latency = latency
        self.server = server
    }
}
