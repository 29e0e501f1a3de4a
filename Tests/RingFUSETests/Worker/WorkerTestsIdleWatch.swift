import Synchronization
import Testing

@testable import RingFUSE

/// When the watchdog has a worker give its buffers back.
@Suite struct WorkerTestsIdleWatch {
    private let start = ContinuousClock.now
    private let enlarged = Tally()

    @Test func onceAfterEachRest() throws {
        let bench = try RingBench.started()
        let asked = Atomic(0)
        var watch = IdleWatch(member(bench) { asked.add(1, ordering: .relaxed) })
        func look(_ seconds: Double) -> Int {
            watch.look(at: start + .seconds(seconds), limit: .seconds(5))
            return asked.load(ordering: .relaxed)
        }
        #expect(look(10) == 0, "it has never had anything to give back")
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        #expect(look(11) == 0)
        #expect(look(15.9) == 0)
        #expect(look(16) == 1)
        // The turn in which it does so is no work.
        bench.mailbox.post(.giveBack)
        bench.settle()
        #expect(look(17) == 1 && look(60) == 1)
        bench.serve(.attributes(4, of: ScriptedBackend.immediate))
        #expect(look(61) == 1 && look(66) == 2 && look(90) == 2)
        bench.end()
    }

    @Test func anAnswerAfterALongTimeIsWork() throws {
        let bench = try RingBench.started()
        let asked = Atomic(0)
        var watch = IdleWatch(member(bench) { asked.add(1, ordering: .relaxed) })
        func look(_ seconds: Double) -> Int {
            watch.look(at: start + .seconds(seconds), limit: .seconds(5))
            return asked.load(ordering: .relaxed)
        }
        bench.serve(.attributes(2, of: ScriptedBackend.gated))
        #expect(look(1) == 0 && look(6) == 1 && look(20) == 1, "entries that are not served can go")
        bench.backend.gates.open(2)
        bench.settle()
        #expect(look(21) == 1 && look(26) == 2 && look(50) == 2)
        bench.end()
    }

    /// Huge pages are for large requests, and many of them; once, until buffers are given back.
    @Test func largeRequestsGetHugePages() throws {
        let bench = try RingBench.started()
        let cells = bench.worker.meter.cells
        var watch = IdleWatch(member(bench) {})
        var second = 0
        func look(after bytes: UInt64, in requests: Int) -> Int {
            for number in 0..<requests {
                bench.serve(.attributes(UInt64(second * 10_000 + number * 2 + 2), of: ScriptedBackend.immediate))
            }
            cells.add(.bytesRead, bytes)
            second += 1
            watch.look(at: start + .seconds(second), limit: .seconds(5))
            return enlarged.count
        }
        #expect(look(after: 63 << 20, in: 63) == 0, "not many")
        #expect(look(after: 64 << 20, in: 1100) == 0, "not large")
        #expect(look(after: 64 << 20, in: 1000) == 1)
        #expect(look(after: 640 << 20, in: 512) == 1, "they are huge already")
        second += 10
        watch.look(at: start + .seconds(second), limit: .seconds(5))
        #expect(look(after: 64 << 20, in: 64) == 2, "they were given back")
        bench.end()
    }

    @Test func someKeepTheirs() throws {
        let bench = try RingBench.started()
        var watch = IdleWatch(member(bench, giveBack: nil))
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        for second in 0..<20 { watch.look(at: start + .seconds(second), limit: .seconds(5)) }
        bench.end()
    }

    private func member(_ bench: RingBench, _ giveBack: @escaping @Sendable () -> Void) -> Roster.Member {
        member(
            bench,
            giveBack: {
                giveBack()
                return true
            })
    }

    private func member(_ bench: RingBench, giveBack: (@Sendable () -> Bool)?) -> Roster.Member {
        Roster.Member(
            name: "bench", cpu: nil, queues: [0], meter: bench.worker.meter, lifeline: nil, mailbox: bench.mailbox,
            giveUp: {}, giveBack: giveBack, useHugePages: { [enlarged] in enlarged.add() })
    }
}

/// Counts, for closures.
private final class Tally: Sendable {
    private let number = Atomic(0)

    /// One more.
    func add() { number.add(1, ordering: .relaxed) }

    /// How many.
    var count: Int { number.load(ordering: .relaxed) }
}
