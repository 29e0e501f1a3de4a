import Testing

@testable import RingFUSE

/// What workers see of callers that send each request from another CPU.
@Suite struct WorkerTestsTrail {
    /// Two workers of one connection, each with its queue, on the test's thread.
    private final class Bench {
        let trail = CallerTrail()
        let workers: [RingBench]
        private var unique: UInt64 = 0

        init() throws {
            workers = try [0, 1].map { [trail] in try RingBench(queues: [UInt16($0)], index: $0, trail: trail) }
            for bench in workers { try bench.worker.start() }
        }

        /// Has a worker answer requests of callers, in one turn.
        func serve(_ worker: Int, _ callers: UInt32...) {
            workers[worker].worker.executor.attach()
            for caller in callers {
                unique += 2
                var request = KernelRequest.attributes(unique, of: ScriptedBackend.immediate)
                request.processID = caller
                workers[worker].kernel.send(request, queue: UInt16(worker))
            }
            workers[worker].settle()
        }

        func end() {
            for bench in workers {
                bench.worker.executor.attach()
                bench.end()
            }
        }
    }

    @Test func aCallerThatMovesIsCounted() throws {
        let bench = try Bench()
        bench.trail.isFollowed = true
        for worker in [0, 1, 0, 1, 1, 1, 0] { bench.serve(worker, 5) }
        #expect(bench.trail.moves == 4)
        #expect(bench.workers.map { $0.kernel.replies.count } == [3, 4])
        bench.end()
    }

    /// Two callers on two CPUs, each of which stays; and the kernel's own requests.
    @Test func otherCallersAreNotTakenForIt() throws {
        let bench = try Bench()
        bench.trail.isFollowed = true
        for _ in 0..<10 {
            bench.serve(0, 5)
            bench.serve(1, 6)
        }
        for worker in [0, 1, 0, 1] { bench.serve(worker, 0) }
        #expect(bench.trail.moves == 0)
        bench.end()
    }

    /// With several requests in flight a caller does not wait for one.
    @Test func onlyWhatComesAloneCounts() throws {
        let bench = try Bench()
        bench.trail.isFollowed = true
        for worker in [0, 1, 0, 1] { bench.serve(worker, 5, 5) }
        #expect(bench.trail.moves == 0)
        bench.end()
    }

    @Test func nothingIsNotedUnlessWanted() throws {
        let bench = try Bench()
        for worker in [0, 1, 0, 1] { bench.serve(worker, 5) }
        #expect(bench.trail.moves == 0)
        bench.trail.isFollowed = true
        for worker in [0, 1, 0, 1] { bench.serve(worker, 5) }
        #expect(bench.trail.moves == 3)
        bench.end()
    }
}
