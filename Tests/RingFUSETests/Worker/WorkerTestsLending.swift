import CRingFUSE
import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// Entries that one worker lends to another.
@Suite struct WorkerTestsLending {
    @Test func aBatchIsShared() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        #expect(bench.answered.lender.count == 2)
        #expect(bench.answered.helper.count == 4)
        #expect((bench.answered.lender + bench.answered.helper).sorted() == [2, 4, 6, 8, 10, 12])
        bench.end()
    }

    /// Who waits for each answer is served where it is.
    @Test func oneRequestIsNotLent() throws {
        let bench = try LendingBench()
        for unique in stride(from: 2, to: 12, by: 2) as StrideTo<UInt64> {
            bench.serve(by: bench.lender, bench.requests(1, from: unique))
        }
        #expect(bench.answered.lender == [2, 4, 6, 8, 10])
        #expect(bench.answered.helper == [])
        bench.end()
    }

    @Test func nothingIsLentUnlessWanted() throws {
        let bench = try LendingBench(terms: .nothing)
        bench.serve(by: bench.lender, bench.requests(6))
        #expect(bench.answered.lender.count == 6)
        bench.end()
    }

    @Test func noMoreIsLentThanThereIsRoomFor() throws {
        let bench = try LendingBench(depth: 16, limit: 3)
        bench.serve(by: bench.lender, bench.requests(12))
        bench.serve(by: bench.lender, bench.requests(12, from: 100))
        #expect(bench.answered.helper.count == 3)
        #expect(bench.answered.lender.count == 21)
        bench.end()
    }

    /// The kernel hands the entry's next request to the worker that has committed it.
    @Test func theNextRequestComesToTheHelper() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.serve(by: bench.helper, bench.requests(4, from: 100))
        #expect(bench.answered.helper.suffix(4) == [100, 102, 104, 106])
        // And no more than its share is lent.
        bench.serve(by: bench.lender, bench.requests(2, from: 200))
        #expect(bench.answered.lender.suffix(2) == [200, 202])
        bench.end()
    }

    @Test func goesBackWhenItIsNotWantedAnyMore() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.loan.terms = .nothing
        bench.serve(by: bench.helper, bench.requests(4, from: 100))
        #expect(bench.answered.lender.suffix(4) == [100, 102, 104, 106])
        #expect(bench.answered.helper.count == 4)
        bench.serve(by: bench.lender, bench.requests(8, from: 200))
        #expect(bench.answered.lender.count == 2 + 4 + 8)
        bench.loan.terms = .everything
        bench.serve(by: bench.lender, bench.requests(6, from: 300))
        #expect(bench.answered.helper.count == 8)
        bench.end()
    }

    /// Data, and requests that suspend: both workers' tasks use the memory of one.
    @Test func tasksOfTheHelperAnswer() throws {
        let bench = try LendingBench()
        let data = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let writes = (1...6).map { KernelRequest.write(UInt64($0 * 2), to: ScriptedBackend.gated, data) }
        bench.serve(by: bench.lender, writes)
        #expect(bench.helper.servingCount == 4)
        #expect(bench.lender.servingCount == 2)
        for side in [bench.lender, bench.helper] { side.backend.gates.openAll() }
        bench.settle()
        #expect(bench.answered.helper.count == 4)
        #expect(bench.helper.backend.record.written.count == 4)
        #expect(bench.lender.backend.record.written.count == 2)
        for side in [bench.lender, bench.helper] {
            #expect(side.backend.record.written.values.allSatisfy { $0 == data })
        }
        bench.end()
    }

    // MARK: Writeback

    /// What a page cache writes back, or as large a write that somebody waits for.
    private func writes(_ count: Int, from first: UInt64 = 2, flags: UInt32) -> [KernelRequest] {
        let data = [UInt8](repeating: 7, count: 65536)
        return (0..<UInt64(count)).map {
            .write(first + 2 * $0, to: ScriptedBackend.yielding, data, flags: flags)
        }
    }

    @Test func writebackAloneIsShared() throws {
        let bench = try LendingBench(terms: .writeback, payloadCapacity: 65536)
        bench.serve(by: bench.lender, writes(6, flags: FUSE_WRITE_CACHE))
        #expect(bench.answered.lender.count == 2)
        #expect(bench.answered.helper.count == 4)
        bench.end()
    }

    @Test func othersAreNotSharedWithIt() throws {
        let bench = try LendingBench(terms: .writeback, payloadCapacity: 65536)
        bench.serve(by: bench.lender, bench.requests(6))
        bench.serve(by: bench.lender, writes(6, from: 100, flags: 0))
        let small = (0..<6).map {
            KernelRequest.write(200 + 2 * $0, to: ScriptedBackend.yielding, [1, 2, 3], flags: FUSE_WRITE_CACHE)
        }
        bench.serve(by: bench.lender, small)
        #expect(bench.answered.helper == [])
        #expect(bench.answered.lender.count == 18)
        bench.end()
    }

    /// What comes last is looked at first, and what is not written back stays.
    @Test func aMixedBatchIsSharedInPart() throws {
        let bench = try LendingBench(terms: .writeback, payloadCapacity: 65536)
        bench.serve(by: bench.lender, writes(3, flags: FUSE_WRITE_CACHE) + bench.requests(1, from: 100))
        #expect(bench.answered.helper == [])
        bench.serve(by: bench.lender, bench.requests(3, from: 200) + writes(2, from: 300, flags: FUSE_WRITE_CACHE))
        #expect(bench.answered.helper == [300, 302])
        bench.end()
    }

    /// Who waits for an answer is served at home again, at the price of one message.
    @Test func guestsGoBackWithOtherRequests() throws {
        let bench = try LendingBench(terms: .writeback, payloadCapacity: 65536)
        bench.serve(by: bench.lender, writes(6, flags: FUSE_WRITE_CACHE))
        bench.serve(by: bench.helper, writes(2, from: 100, flags: FUSE_WRITE_CACHE))
        #expect(bench.answered.helper.suffix(2) == [100, 102])
        bench.serve(by: bench.helper, bench.requests(1, from: 200))
        #expect(bench.answered.lender.last == 200)
        #expect(bench.answered.helper.count == 6)
        bench.end()
    }

    @Test func termsFollowSeatAndNeighbour() {
        #expect(LoanTerms(seat: .home, isNeighbourFree: true) == .writeback)
        #expect(LoanTerms(seat: .home, isNeighbourFree: false) == .nothing)
        #expect(LoanTerms(seat: .both, isNeighbourFree: false) == .everything)
        #expect(LoanTerms(seat: .away, isNeighbourFree: true) == .nothing)
    }

    // MARK: Interrupts

    /// INTERRUPT goes to all workers, and may be read by the helper before it knows of the request.
    @Test(arguments: [true, false]) func interruptsFindWhatIsLent(_ isHelperFirst: Bool) throws {
        let bench = try LendingBench()
        for request in bench.requests(3, of: ScriptedBackend.cancellable) { bench.lender.kernel.send(request) }
        for unique in [2, 4, 6] as [UInt64] {
            for side in [bench.lender, bench.helper] { side.mailbox.post(.interrupt(unique: unique)) }
        }
        if isHelperFirst { bench.settle(bench.helper) }
        bench.settle()
        let errors = (bench.lender.kernel.replies + bench.helper.kernel.replies).map(\.error)
        #expect(errors == [-EINTR, -EINTR, -EINTR])
        #expect(bench.answered.helper.count == 2)
        bench.end()
    }

    @Test(arguments: [true, false]) func interruptsFindWhatGoesBack(_ isLenderFirst: Bool) throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.loan.terms = .nothing
        bench.helper.kernel.send(.attributes(100, of: ScriptedBackend.cancellable), queue: 0)
        for side in [bench.lender, bench.helper] { side.mailbox.post(.interrupt(unique: 100)) }
        if isLenderFirst { bench.settle(bench.lender) }
        bench.settle(bench.helper)
        bench.settle()
        #expect(bench.lender.error(of: 100) == -EINTR)
        bench.end()
    }

    // MARK: Ends

    @Test func bothEndWhileEntriesWaitWithTheHelper() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.end()
    }

    @Test func bothEndWhileTheHelperServes() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6, of: ScriptedBackend.gated))
        #expect(bench.helper.servingCount == 4)
        bench.end()
    }

    /// The message is on its way when the connection ends.
    @Test func bothEndWhileEntriesChangeHands() throws {
        let bench = try LendingBench()
        for request in bench.requests(6) { bench.lender.kernel.send(request) }
        bench.settle(bench.lender)
        bench.end()
        #expect(bench.answered.helper.count <= 4)
    }

    /// A helper whose ring breaks takes the connection with it, and the lender does not wait for what it has lent.
    @Test func aBrokenHelperEndsToo() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.helper.kernel.permanentError = -EBADF
        bench.settle(bench.helper)
        #expect(bench.helper.worker.isDone)
        bench.lender.kernel.disconnect()
        bench.settle(bench.lender)
        #expect(bench.lender.worker.isDone)
    }

    @Test func aBrokenLenderEndsToo() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.lender.kernel.permanentError = -EBADF
        bench.settle(bench.lender)
        #expect(bench.lender.worker.isDone)
        // What comes back to it cannot be served.
        bench.loan.terms = .nothing
        bench.helper.kernel.send(.attributes(100, of: ScriptedBackend.immediate), queue: 0)
        bench.settle(bench.helper)
        bench.settle(bench.lender)
        #expect(bench.lender.worker.isDone)
        bench.helper.kernel.disconnect()
        bench.settle(bench.helper)
        #expect(bench.helper.worker.isDone)
    }

    // MARK: Memory and counts

    /// Memory of what is lent is the helper's to use.
    @Test func lentMemoryIsNotGivenBack() throws {
        let bench = try LendingBench()
        let data = [UInt8](repeating: 7, count: 5000)
        let writes = (1...6).map { KernelRequest.write(UInt64($0 * 2), to: ScriptedBackend.gated, data) }
        bench.serve(by: bench.lender, writes)
        bench.lender.backend.gates.openAll()
        bench.settle()
        for side in [bench.lender, bench.helper] { side.mailbox.post(.giveBack) }
        bench.settle()
        bench.helper.backend.gates.openAll()
        bench.settle()
        #expect(bench.helper.backend.record.written.count == 4)
        #expect(bench.helper.backend.record.written.values.allSatisfy { $0 == data })
        bench.end()
    }

    /// Once it waits for a request there, the helper gives it back.
    @Test func memoryOfGuestsIsGivenBack() throws {
        let bench = try LendingBench()
        let data = [UInt8](repeating: 7, count: 5000)
        bench.serve(by: bench.lender, (1...6).map { .write(UInt64($0 * 2), to: ScriptedBackend.yielding, data) })
        #expect(bench.lender.residentPages == 2 * 3)
        #expect(bench.helper.residentPages == 4 * 3)
        bench.lender.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.lender.residentPages == 0)
        #expect(bench.helper.residentPages == 4 * 3)
        bench.helper.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.helper.residentPages == 0)
        bench.serve(by: bench.helper, (1...4).map { .write(UInt64(100 + $0 * 2), to: ScriptedBackend.yielding, data) })
        #expect(bench.helper.backend.record.written[108] == data)
        bench.end()
    }

    @Test func guestsAreCountedApart() throws {
        let bench = try LendingBench()
        bench.serve(by: bench.lender, bench.requests(6))
        bench.serve(by: bench.helper, bench.requests(2, from: 100))
        let work = Work(of: bench.helper.worker.meter.cells)
        #expect(work.requests == 6)
        #expect(work.ownRequests == 0)
        #expect(Work(of: bench.lender.worker.meter.cells).ownRequests == 2)
        #expect(bench.helper.worker.meter.ownCount == 8)
        bench.end()
    }
}
