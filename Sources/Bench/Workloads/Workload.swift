/// One thing that contenders are asked to do.
public struct Workload: Sendable, Equatable {
    /// What is done.
    enum Load: Sendable, Equatable {
        /// Reads and writes, by fio.
        case fio(FioJob)
        /// Many files, by a driver of our own.
        case files(FilesJob)
    }

    /// Where the threads run that call the file system.
    enum Callers: String, Sendable {
        /// Each on a CPU of its own.
        case pinned
        /// Where the scheduler puts them.
        case unpinned
        /// On another CPU every few milliseconds.
        case migrating
    }

    /// As the report has it.
    public var entry: Report.Workload
    /// The kind of file system that it is for.
    public var field: Field
    /// The named sets it belongs to.
    public var suites: Set<Suite>
    /// What is done.
    var load: Load
    /// Where its callers run.
    var callers: Callers
    /// Whether files are made in an earlier mount, so that the server has nothing of them at hand.
    var isCold = false
    /// Why it cannot be done on this machine, with what would change that; nil where it can.
    public var obstacle: String?

    /// The word by which samples name it.
    public var identifier: String { entry.identifier }

    /// Whether it takes fio.
    var isDrivenByFio: Bool {
        if case .fio = load { true } else { false }
    }

    /// A workload of fio.
    init(
        _ job: FioJob,
        in field: Field,
        group: String,
        suites: Set<Suite>,
        callers: Callers = .pinned,
        isCold: Bool = false,
        obstacle: String? = nil
    ) {
        let prefix = field == .null ? "" : "\(field.rawValue)-"
        // Only where it is what differs.
        let suffix = suites.contains(.migration) ? "-\(callers.rawValue)" : isCold ? "-cold" : ""
        let place = suites.contains(.migration) ? ", caller \(callers.rawValue)" : isCold ? ", of a new mount" : ""
        self.entry = Report.Workload(
            identifier: prefix + job.identifier + suffix,
            name: job.name + place,
            group: group,
            unit: job.blockBytes >= 64 << 10 ? .bytesPerSecond : .operationsPerSecond
        )
        self.field = field
        self.suites = suites
        self.load = .fio(job)
        self.callers = callers
        self.isCold = isCold
        self.obstacle = obstacle
    }

    /// A workload of many files.
    init(_ job: FilesJob, in field: Field, group: String, suites: Set<Suite>, obstacle: String? = nil) {
        self.entry = Report.Workload(
            identifier: "\(field.rawValue)-\(job.identifier)", name: job.name, group: group,
            unit: .operationsPerSecond)
        self.field = field
        self.suites = suites
        self.load = .files(job)
        self.callers = .pinned
        self.obstacle = obstacle
    }
}
