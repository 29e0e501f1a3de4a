/// Where workers run and which queues each of them serves.
///
/// The kernel has one queue per possible CPU, and a mount hangs when one of them has no server: in every placement each
/// queue is served exactly once.
public struct Placement: Sendable, Equatable {
    /// The CPU a worker is pinned to, relative to the one whose queue it serves.
    public enum Pin: String, Sendable, CaseIterable {
        /// The same CPU; its neighbour, both, or whichever has room, while the load at hand is served faster so; on /dev/fuse
        /// the same CPU. A caller that moves from CPU to CPU is held for a millisecond where that makes it stay.
        case auto

        /// The same CPU: the wake-up stays on it.
        case same

        /// The other hardware thread of its core, or else another CPU of its node: caller and worker run at once.
        case sibling

        /// None: the scheduler decides.
        case none
    }

    /// What the user asked for.
    public struct Wishes: Sendable, Equatable {
        /// The CPUs workers run on; nil: all that are online and allowed.
        public var cpus: CPUSet?

        /// How many workers; nil: one for each of the CPUs.
        public var workers: Int?

        /// Where workers are pinned.
        public var pin: Pin

        /// One worker for all queues.
        public var single: Bool

        /// Wishes; by default a worker on each CPU that is online and allowed.
        public init(cpus: CPUSet? = nil, workers: Int? = nil, pin: Pin = .auto, single: Bool = false) {
            self.cpus = cpus
            self.workers = workers
            self.pin = pin
            self.single = single
        }
    }

    /// One worker.
    public struct Worker: Sendable, Equatable {
        /// Its rank among the workers, from zero.
        public let index: Int

        /// The CPU it is near to: its own queue is this CPU's, unless a worker before it has the same home.
        public let home: Int

        /// The CPU it is pinned to, or nil.
        public let cpu: Int?

        /// The CPU it may be moved to and back from (``Pin/auto``), or nil.
        public let alternate: Int?

        /// The queues it serves, ascending. Empty only where there are more workers than queues to share: such a worker
        /// idles on rings, and reads requests like any other on /dev/fuse.
        public let queues: [UInt16]
    }

    /// The workers, by index.
    public let workers: [Worker]

    /// Places workers.
    ///
    /// - Throws: ``PlacementError`` when the wishes do not fit the machine or each other.
    public init(on topology: CPUTopology, wishes: Wishes = Wishes()) throws(PlacementError) {
        let cpus = try Self.cpus(for: wishes, on: topology)
        let homes = try Self.homes(for: wishes, among: cpus, on: topology)
        let pins = try Self.pins(for: homes, wishes: wishes, among: cpus, on: topology)
        let alternates = wishes.pin == .auto ? Self.siblings(of: homes, among: cpus, on: topology) : []
        let queues = Self.fold(topology, onto: homes)
        workers = homes.indices.map { index in
            Worker(
                index: index,
                home: homes[index],
                cpu: pins[index],
                alternate: alternates.isEmpty ? nil : alternates[index],
                queues: queues[index].sorted().map(UInt16.init)
            )
        }
        let served = workers.flatMap { $0.queues.map(Int.init) }
        precondition(served.sorted() == Array(topology.possible), "a queue has no worker, or two")
        precondition(workers.allSatisfy { $0.cpu.map(cpus.contains) ?? true }, "a worker is pinned outside its CPUs")
    }

    /// The CPUs workers may run on: the ones asked for, checked against the machine.
    private static func cpus(for wishes: Wishes, on topology: CPUTopology) throws(PlacementError) -> CPUSet {
        guard !topology.usable.isEmpty else { throw .nothingUsable }
        guard let cpus = wishes.cpus else { return topology.usable }
        guard !cpus.isEmpty else { throw .emptyList }
        let missing = cpus.subtracting(topology.possible)
        guard missing.isEmpty else { throw .missing(missing, possible: topology.possible) }
        let offline = cpus.subtracting(topology.online)
        guard offline.isEmpty else { throw .offline(offline, online: topology.online) }
        let forbidden = cpus.subtracting(topology.allowed)
        guard forbidden.isEmpty else { throw .forbidden(forbidden, allowed: topology.usable) }
        return cpus
    }

    /// The CPU each worker is near to.
    private static func homes(
        for wishes: Wishes,
        among cpus: CPUSet,
        on topology: CPUTopology
    ) throws(PlacementError) -> [Int] {
        if wishes.single, let workers = wishes.workers, workers != 1 { throw .singleAmong(workers) }
        let count = wishes.single ? 1 : wishes.workers ?? cpus.count
        guard (1...CPUSet.limit).contains(count) else { throw .workerCount(count) }
        guard count <= cpus.count || wishes.pin == .none else { throw .tooManyWorkers(count, cpus: cpus) }
        guard count < cpus.count else { return (0..<count).map { cpus[$0 % cpus.count] } }
        // Fewer workers than CPUs: spread them over nodes, and over cores before hardware threads of one core.
        let spread = cpus.sorted { rank($0, on: topology) < rank($1, on: topology) }
        return (0..<count).map { spread[$0 * cpus.count / count] }.sorted()
    }

    /// The order in which neighbours follow each other: node, then core, then number.
    private static func rank(_ cpu: Int, on topology: CPUTopology) -> (Int, Int, Int) {
        let core = topology.siblings(of: cpu).first.map { min($0, cpu) } ?? cpu
        return (topology.node(of: cpu) ?? Int.max, core, cpu)
    }

    /// The CPU each worker is pinned to.
    private static func pins(
        for homes: [Int],
        wishes: Wishes,
        among cpus: CPUSet,
        on topology: CPUTopology
    ) throws(PlacementError) -> [Int?] {
        switch wishes.pin {
        case .none: return homes.map { _ in nil }
        case .same, .auto: return homes
        case .sibling: break
        }
        guard cpus.count > 1 else { throw .noSibling(of: homes[0]) }
        return siblings(of: homes, among: cpus, on: topology)
    }

    /// Another CPU for each worker, near to its home; nil where there is none.
    private static func siblings(of homes: [Int], among cpus: CPUSet, on topology: CPUTopology) -> [Int?] {
        var load: [Int: Int] = [:]
        return homes.map { home in
            let siblings = topology.siblings(of: home)
            // Cyclic from the home on, so that CPUs that are all alike are each used once.
            let best = cpus.filter { $0 != home }.min { left, right in
                func key(_ cpu: Int) -> (Int, Int, Int, Int) {
                    let offset = (cpu - home + CPUSet.limit) % CPUSet.limit
                    let kin = siblings.contains(cpu) ? 0 : 1
                    return (kin, topology.distance(from: home, to: cpu), load[cpu, default: 0], offset)
                }
                return key(left) < key(right)
            }
            if let best { load[best, default: 0] += 1 }
            return best
        }
    }

    /// The queues of each worker: its home's, and its share of those whose CPUs have no worker.
    private static func fold(_ topology: CPUTopology, onto homes: [Int]) -> [[Int]] {
        var queues = [[Int]](repeating: [], count: homes.count)
        var own: Set<Int> = []
        for (index, home) in homes.enumerated() where own.insert(home).inserted {
            queues[index].append(home)
        }
        // Queues that carry requests now are dealt first, so that these are balanced whatever comes online later;
        // within them those whose node is known, because the others fit anywhere.
        let others = topology.possible.filter { !own.contains($0) }
        let order = others.sorted { left, right in
            func key(_ cpu: Int) -> (Int, Int, Int) {
                (topology.online.contains(cpu) ? 0 : 1, topology.node(of: cpu) == nil ? 1 : 0, cpu)
            }
            return key(left) < key(right)
        }
        for cpu in order {
            let siblings = topology.siblings(of: cpu)
            let best = homes.indices.min { left, right in
                func key(_ worker: Int) -> (Int, Int, Int, Int) {
                    let kin = siblings.contains(homes[worker]) ? 0 : 1
                    return (topology.distance(from: cpu, to: homes[worker]), queues[worker].count, kin, worker)
                }
                return key(left) < key(right)
            }
            if let best { queues[best].append(cpu) }
        }
        return queues
    }
}
