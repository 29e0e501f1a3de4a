import Glibc
import TestSupport

/// Makes histories from seeds: two clients take turns on a small tree.
struct HistoryGenerator {
    /// What may happen to clients, beside what they do.
    struct Faults: OptionSet {
        let rawValue: Int
        /// Connections to the database break.
        static let database = Faults(rawValue: 1)
        /// Requests to the store fail now and then.
        static let store = Faults(rawValue: 2)
        /// The store is away.
        static let outages = Faults(rawValue: 4)
    }

    private var numbers: Seeded
    private let faults: Faults
    private var client = 0

    private static let files = ["a", "b", "c", "d/a", "d/b", "e/a", "d/s/a"]
    private static let directories = ["d", "e", "d/s", "e/s"]
    private static let slots = 3

    private init(seed: UInt64) {
        numbers = Seeded(seed: seed)
        // Not the lowest bit: tests go by that, too.
        faults = Faults(rawValue: Int(seed / 2 % 8))
    }

    /// The history of a seed.
    static func history(seed: UInt64) -> [HistoryStep] {
        var generator = HistoryGenerator(seed: seed)
        var steps: [HistoryStep] = ["d", "e", "d/s"].map { HistoryStep(client: 0, action: .makeDirectory(path: $0)) }
        for _ in 0..<generator.below(80) + 30 {
            if generator.below(5) == 0 { generator.client = 1 - generator.client }
            steps.append(HistoryStep(client: generator.client, action: generator.action()))
        }
        return steps
    }

    // MARK: Choices

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
    private mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    /// A file mostly, a directory now and then.
    private mutating func path() -> String { below(8) == 0 ? pick(Self.directories) : pick(Self.files) }
    /// A directory mostly, a file now and then.
    private mutating func directory() -> String { below(8) == 0 ? pick(Self.files) : pick(Self.directories) }
    private mutating func slot() -> Int { below(Self.slots) }
    private mutating func offset() -> Int {
        switch below(8) {
        case 0, 1: 0
        case 2: 4 << 20
        case 3: pick([4096, 32768, 65536, 131_072])
        default: below(200_000)
        }
    }
    private mutating func count() -> Int {
        switch below(8) {
        case 0: 1
        case 1: pick([4096, 32768, 65536])
        case 2: 100_000 + below(300_000)
        default: 1 + below(20_000)
        }
    }
    private mutating func flags() -> Int32 {
        var flags = pick([O_RDONLY, O_WRONLY, O_RDWR, O_RDWR])
        if below(3) > 0 { flags |= O_CREAT }
        if below(8) == 0 { flags |= O_EXCL }
        if below(5) == 0 { flags |= O_TRUNC }
        if below(5) == 0 { flags |= O_APPEND }
        return flags
    }

    private mutating func action() -> HistoryStep.Action {
        if faults != [], below(7) == 0, let fault = fault() { return fault }
        switch below(40) {
        case 0..<8: return .open(slot: slot(), path: path(), flags: flags())
        case 8..<18: return .write(slot: slot(), offset: offset(), count: count(), seed: UInt8(below(250)))
        case 18..<22: return .read(slot: slot(), offset: offset(), count: count())
        case 22: return .cut(slot: slot(), size: offset())
        case 23, 24: return .synchronize(slot: slot())
        case 25, 26: return .close(slot: slot())
        case 27: return .truncate(path: path(), size: offset())
        case 28, 29: return .rename(from: pick([path(), directory()]), to: pick([path(), path(), directory()]))
        case 30, 31: return .link(from: path(), to: path())
        case 32, 33: return .remove(path: path())
        case 34, 35: return .makeDirectory(path: directory())
        case 36: return .removeDirectory(path: directory())
        case 37, 38: return .look(path: path())
        default: return .list(path: directory())
        }
    }

    private mutating func fault() -> HistoryStep.Action? {
        switch below(4) {
        case 0: faults.contains(.database) ? .breakConnections : nil
        case 1: faults.contains(.store) ? .disturb(percent: pick([5, 15])) : nil
        case 2: faults.contains(.outages) && below(3) == 0 ? .outage : nil
        default: .calm
        }
    }
}
