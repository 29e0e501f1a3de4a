/// All that a benchmark has found: what was compared, where, and every single result.
public struct Report: Codable, Sendable, Equatable {
    /// One who takes part.
    public struct Contender: Codable, Sendable, Equatable {
        /// A word without blanks, by which samples name it, like `ringfuse-ring`.
        public var identifier: String
        /// As tables name it, like `RingFUSE, ring`.
        public var name: String
        /// The command that serves it; empty for a file system of the kernel.
        public var command: [String]

        /// One who takes part.
        public init(identifier: String, name: String, command: [String]) {
            self.identifier = identifier
            self.name = name
            self.command = command
        }
    }

    /// One thing that all contenders are asked to do.
    public struct Workload: Codable, Sendable, Equatable {
        /// A word without blanks, by which samples name it, like `direct-randread-4k-sync`.
        public var identifier: String
        /// As tables name it, like `4K direct random read, one after the other`.
        public var name: String
        /// The group that tables and charts put it in, like `Direct I/O`.
        public var group: String
        /// What a result is told in.
        public var unit: Unit

        /// One thing that all contenders are asked to do.
        public init(identifier: String, name: String, group: String, unit: Unit) {
            self.identifier = identifier
            self.name = name
            self.group = group
            self.unit = unit
        }
    }

    /// What a result is told in; more is better with each.
    public enum Unit: String, Codable, Sendable {
        case operationsPerSecond
        case bytesPerSecond
    }

    /// What was not measured, and why.
    public struct Omission: Codable, Sendable, Equatable {
        /// A contender, a workload, or both, as people read it.
        public var subject: String
        /// One line that says why, and what would change it.
        public var reason: String

        /// What was not measured, and why.
        public init(subject: String, reason: String) {
            self.subject = subject
            self.reason = reason
        }
    }

    /// The machine, and how it was asked, as pairs that a header of a report shows in this order.
    public struct Fact: Codable, Sendable, Equatable {
        /// What is told, like `kernel`.
        public var name: String
        /// What is so.
        public var value: String

        /// One fact of the machine or the settings.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// When it was started, ISO 8601.
    public var date: String
    /// Kernel, CPUs, versions, settings.
    public var facts: [Fact]
    /// Who took part, in the order of tables.
    public var contenders: [Contender]
    /// What they were asked to do, in the order of tables.
    public var workloads: [Workload]
    /// Every single result.
    public var samples: [Sample]
    /// What was not measured.
    public var omissions: [Omission]
    /// The contender that ratios are told against.
    public var baseline: String

    /// All that a benchmark has found.
    public init(
        date: String,
        facts: [Fact],
        contenders: [Contender],
        workloads: [Workload],
        samples: [Sample] = [],
        omissions: [Omission] = [],
        baseline: String
    ) {
        self.date = date
        self.facts = facts
        self.contenders = contenders
        self.workloads = workloads
        self.samples = samples
        self.omissions = omissions
        self.baseline = baseline
    }
}
