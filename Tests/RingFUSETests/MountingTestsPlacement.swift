import RingFUSE
import Testing

/// Where workers run and which queues they serve.
@Suite struct MountingTestsPlacement {
    /// Two nodes; hardware threads 0/4, 1/5 on the first and 2/6, 3/7 on the second. 8 and 9 are not plugged in.
    private let twoNodes = CPUTopology(
        possible: CPUSet(0..<10),
        online: CPUSet(0..<8),
        allowed: CPUSet(0..<8),
        nodes: [0: 0, 1: 0, 4: 0, 5: 0, 2: 1, 3: 1, 6: 1, 7: 1],
        siblings: [0: [0, 4], 4: [0, 4], 1: [1, 5], 5: [1, 5], 2: [2, 6], 6: [2, 6], 3: [3, 7], 7: [3, 7]]
    )

    /// Two CPUs without hardware threads, as small virtual machines have.
    private let pair = CPUTopology(possible: [0, 1], online: [0, 1], allowed: [0, 1], nodes: [0: 0, 1: 0])

    private func queues(_ placement: Placement) -> [[UInt16]] { placement.workers.map(\.queues) }
    private func pins(_ placement: Placement) -> [Int?] { placement.workers.map(\.cpu) }

    @Test func givesEachCPUAWorkerByDefault() throws {
        let placement = try Placement(on: twoNodes)
        #expect(pins(placement) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(queues(placement) == [[0, 8], [1, 9], [2], [3], [4], [5], [6], [7]])
        #expect(placement.workers.map(\.index) == Array(0..<8))
    }

    @Test func foldsQueuesOntoTheNearerNode() throws {
        let placement = try Placement(on: twoNodes, wishes: .init(cpus: [1, 2]))
        #expect(pins(placement) == [1, 2])
        #expect(queues(placement) == [[0, 1, 4, 5, 8], [2, 3, 6, 7, 9]])
    }

    @Test func spreadsFewWorkersOverNodesAndCores() throws {
        let two = try Placement(on: twoNodes, wishes: .init(workers: 2))
        #expect(pins(two) == [0, 2])
        let four = try Placement(on: twoNodes, wishes: .init(workers: 4))
        #expect(pins(four) == [0, 1, 2, 3])
        #expect(queues(four) == [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]])
    }

    @Test func pinsToSiblings() throws {
        let placement = try Placement(on: twoNodes, wishes: .init(pin: .sibling))
        #expect(pins(placement) == [4, 5, 6, 7, 0, 1, 2, 3])
        #expect(placement.workers.map(\.home) == Array(0..<8))
        #expect(pins(try Placement(on: pair, wishes: .init(pin: .sibling))) == [1, 0])
        let three = CPUTopology(possible: [0, 1, 2], online: [0, 1, 2], allowed: [0, 1, 2])
        #expect(pins(try Placement(on: three, wishes: .init(pin: .sibling))) == [1, 2, 0])
    }

    @Test func servesEverythingWithOneWorker() throws {
        let placement = try Placement(on: twoNodes, wishes: .init(cpus: [3], single: true))
        #expect(placement.workers.count == 1)
        #expect(pins(placement) == [3])
        #expect(queues(placement) == [Array(0..<10)])
    }

    @Test func letsMoreWorkersThanCPUsRunUnpinned() throws {
        let placement = try Placement(on: pair, wishes: .init(workers: 3, pin: .none))
        #expect(pins(placement) == [nil, nil, nil])
        #expect(queues(placement) == [[0], [1], []])
    }

    @Test func explainsWhatDoesNotFit() {
        var some = twoNodes
        some.online = CPUSet(0..<6)
        some.allowed = [0, 1, 2]
        let cases: [(Placement.Wishes, PlacementError)] = [
            (.init(cpus: [0, 12]), .missing([12], possible: CPUSet(0..<10))),
            (.init(cpus: [0, 7, 8]), .offline([7, 8], online: CPUSet(0..<6))),
            (.init(cpus: [2, 3]), .forbidden([3], allowed: [0, 1, 2])),
            (.init(cpus: []), .emptyList),
            (.init(workers: 0), .workerCount(0)),
            (.init(workers: 4), .tooManyWorkers(4, cpus: [0, 1, 2])),
            (.init(workers: 1_000_000, pin: .none), .workerCount(1_000_000)),
            (.init(workers: 2, single: true), .singleAmong(2)),
            (.init(cpus: [1], pin: .sibling), .noSibling(of: 1)),
        ]
        for (wishes, error) in cases {
            #expect(throws: error) { try Placement(on: some, wishes: wishes) }
        }
        some.allowed = [7]
        #expect(throws: PlacementError.nothingUsable) { try Placement(on: some) }
        #expect(PlacementError.tooManyWorkers(4, cpus: [0, 1, 2]).description.contains("--pin none"))
        #expect(PlacementError.forbidden([3], allowed: [0, 1]).description.contains("allows 0-1"))
    }

    /// A machine that may well not exist.
    private func randomTopology(_ generator: inout SeededGenerator) -> CPUTopology {
        let count = Int.random(in: 1...24, using: &generator)
        let possible = CPUSet((0..<count).map { $0 + (Bool.random(using: &generator) ? 100 : 0) })
        func part() -> CPUSet {
            CPUSet(possible.filter { _ in Int.random(in: 0..<4, using: &generator) > 0 }).union([possible[0]])
        }
        var topology = CPUTopology(possible: possible, online: part(), allowed: part())
        let nodes = Int.random(in: 1...3, using: &generator)
        let threads = Int.random(in: 1...4, using: &generator)
        for (rank, cpu) in possible.enumerated() where topology.online.contains(cpu) {
            topology.nodes[cpu] = rank / threads % nodes
            topology.siblings[cpu] = CPUSet(possible.enumerated().filter { $0.0 / threads == rank / threads }.map(\.1))
        }
        for from in 0..<nodes {
            for to in 0..<nodes where from != to {
                topology.distances[.init(from: from, to: to)] = Int.random(in: 11...40, using: &generator)
            }
        }
        return topology
    }

    @Test func keepsItsPromisesOnRandomMachines() throws {
        var generator = SeededGenerator(state: 42)
        var placed = 0
        for _ in 0..<2000 {
            let topology = randomTopology(&generator)
            var wishes = Placement.Wishes(pin: try #require(Placement.Pin.allCases.randomElement(using: &generator)))
            if Bool.random(using: &generator) {
                let some = topology.usable.filter { _ in Bool.random(using: &generator) }
                wishes.cpus = CPUSet(some.isEmpty ? [topology.usable[0]] : some)
            }
            let cpus = wishes.cpus ?? topology.usable
            if Bool.random(using: &generator) {
                let limit = wishes.pin == .none ? cpus.count + 3 : cpus.count
                wishes.workers = Int.random(in: 1...limit, using: &generator)
            } else {
                wishes.single = Bool.random(using: &generator)
            }
            if wishes.pin == .sibling && cpus.count == 1 { continue }
            placed += 1
            let workers = try Placement(on: topology, wishes: wishes).workers
            try #require(workers.count == (wishes.single ? 1 : wishes.workers ?? cpus.count))
            try checkQueues(workers, topology)
            try checkPins(workers, wishes.pin, cpus, topology)
        }
        #expect(placed > 1500)
    }

    /// Every queue once, near its CPU, and evenly.
    private func checkQueues(_ workers: [Placement.Worker], _ topology: CPUTopology) throws {
        try #require(workers.flatMap(\.queues).map(Int.init).sorted() == Array(topology.possible))
        var seen: Set<Int> = []
        for worker in workers {
            if seen.insert(worker.home).inserted { try #require(worker.queues.contains(UInt16(worker.home))) }
            for queue in worker.queues.map(Int.init) {
                let nearest = workers.map { topology.distance(from: queue, to: $0.home) }.min()
                try #require(topology.distance(from: queue, to: worker.home) == nearest)
            }
        }
        for group in Dictionary(grouping: workers, by: { topology.node(of: $0.home) }).values {
            let loads = group.map(\.queues.count)
            try #require((loads.max() ?? 0) - (loads.min() ?? 0) <= 1)
        }
    }

    /// Pinned where the user said, and nowhere else.
    private func checkPins(
        _ workers: [Placement.Worker],
        _ pin: Placement.Pin,
        _ cpus: CPUSet,
        _ topology: CPUTopology
    ) throws {
        for worker in workers {
            try #require(cpus.contains(worker.home))
            switch pin {
            case .none: try #require(worker.cpu == nil)
            case .same: try #require(worker.cpu == worker.home && worker.alternate == nil)
            case .auto:
                try #require(worker.cpu == worker.home)
                try #require((worker.alternate == nil) == (cpus.count == 1))
                if let other = worker.alternate { try #require(cpus.contains(other) && other != worker.home) }
            case .sibling:
                let cpu = try #require(worker.cpu)
                try #require(cpus.contains(cpu) && cpu != worker.home)
                let siblings = topology.siblings(of: worker.home).intersection(cpus)
                try #require(siblings.isEmpty || siblings.contains(cpu))
            }
        }
        if pin == .same { try #require(Set(workers.map(\.cpu)).count == workers.count) }
    }
}
