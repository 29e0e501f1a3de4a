import Glibc
import Testing

@testable import RingFUSE

/// What a worker leaves for others to look at.
@Suite struct WorkerTestsMeter {
    @Test func entriesHoldWhatIsServed() throws {
        let bench = try RingBench.started(depth: 2)
        let cells = bench.worker.meter.cells
        bench.serve(.attributes(2, of: ScriptedBackend.gated), .attributes(4, of: ScriptedBackend.immediate))
        #expect(bench.worker.meter.busyCount == 1)
        let served = (0..<2).compactMap { cells.request(in: $0) }
        #expect(served.map(\.unique) == [2] && served.map(\.node) == [ScriptedBackend.gated])
        #expect(served.map(\.opcode) == [3])
        bench.backend.gates.open(2)
        bench.settle()
        #expect(bench.worker.meter.busyCount == 0)
        bench.end()
    }

    @Test func requestsAreCounted() throws {
        let bench = try RingBench.started()
        let cells = bench.worker.meter.cells
        bench.serve(
            .attributes(2, of: ScriptedBackend.immediate), .attributes(4, of: ScriptedBackend.yielding),
            .attributes(6, of: ScriptedBackend.failsAtOnce + UInt64(ENOENT)))
        #expect(cells.requests(of: 3) == 3)
        #expect(cells.value(of: .deferred) == 1 && cells.value(of: .tasks) == 1 && cells.value(of: .errors) == 1)
        #expect(cells.value(of: .systemCalls) > 0)
        bench.end()
    }

    @Test func aWorkerIsAtWorkBetweenItsTurnsOnly() throws {
        let bench = try RingBench.started()
        #expect(bench.worker.meter.phase.isWorking)
        let before = bench.worker.meter.phase.rawValue
        bench.worker.turn(mayWait: false)
        #expect(bench.worker.meter.phase.isWorking)
        #expect(bench.worker.meter.phase.rawValue == before + 2)
        bench.end()
        #expect(!bench.worker.meter.phase.isWorking, "it has ended")
    }
}
