import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// Threads that start together, or not at all.
@Suite struct WorkerTestsCrew {
    private enum Verdict: Sendable { case goOn, quit }

    /// What members were told, by their index.
    private final class Told: Sendable {
        private let all = Mutex<[Int: [Verdict]]>([:])
        func add(_ index: Int, _ verdict: Verdict) { all.withLock { $0[index, default: []].append(verdict) } }
        var byIndex: [Int: [Verdict]] { all.withLock { $0 } }
    }

    private let posts = (0..<4).map { Crew<Verdict>.Post(name: "crew\($0)", cpu: nil) }

    /// Many rounds in a row: nobody hears a verdict twice, or that of another round.
    @Test func roundsDoNotMix() throws {
        let told = Told()
        let rounds = 200
        let crew = try Crew(posts, quit: Verdict.quit) { member in
            for _ in 0..<rounds { told.add(member.index, member.meet(nil)) }
        }
        for round in 0..<rounds {
            #expect(crew.firstFailure() == nil)
            crew.decide(round.isMultiple(of: 3) ? .quit : .goOn)
        }
        crew.join()
        let expected = (0..<rounds).map { $0.isMultiple(of: 3) ? Verdict.quit : .goOn }
        #expect(told.byIndex == Dictionary(uniqueKeysWithValues: (0..<4).map { ($0, expected) }))
    }

    /// A member that never ends is not waited for once it is given up; the others are.
    @Test func oneThatIsGivenUpIsNotWaitedFor() throws {
        let handoff = Handoff<Void>()
        let crew = try Crew(posts, quit: Verdict.quit) { member in
            _ = member.meet(nil)
            guard member.index == 2 else { return }
            member.giveUp()
            handoff.take()
        }
        #expect(crew.firstFailure() == nil)
        crew.decide(.goOn)
        #expect(crew.join() == 1)
        handoff.put(())
    }

    /// One member's failure is found once all have reported.
    @Test(arguments: 0..<4)
    func aFailureIsFound(_ unlucky: Int) throws {
        let told = Told()
        let crew = try Crew(posts, quit: Verdict.quit) { member in
            told.add(member.index, member.meet(member.index == unlucky ? .noMemory : nil))
        }
        #expect(crew.firstFailure() == .noMemory)
        crew.decide(.quit)
        crew.join()
        #expect(told.byIndex.values.allSatisfy { $0 == [.quit] })
        #expect(told.byIndex.count == 4)
    }

    /// A thread that cannot be had: those that run are told to quit, and none is left.
    @Test(arguments: 0..<4)
    func aThreadThatCannotStart(_ missing: Int) throws {
        let told = Told()
        let error = #expect(throws: Errno.self) {
            var count = 0
            _ = try Crew(
                self.posts,
                quit: Verdict.quit,
                start: { (post, body) throws(Errno) in
                    defer { count += 1 }
                    if count == missing { throw Errno.resourceTemporarilyUnavailable }
                    return try Crew<Verdict>.start(post, body)
                },
                body: { member in told.add(member.index, member.meet(nil)) }
            )
        }
        #expect(error == .resourceTemporarilyUnavailable)
        #expect(told.byIndex == Dictionary(uniqueKeysWithValues: (0..<missing).map { ($0, [.quit]) }))
    }

    /// The name of the calling thread, once its creator has given it one.
    private static func ownName() -> String {
        for _ in 0..<10_000 {
            if let name = SystemFile.text(of: "/proc/thread-self/comm"), name.hasPrefix("ringfuse-") { return name }
            usleep(100)
        }
        return ""
    }

    /// Threads have their names; a CPU that is not there leaves its thread unpinned.
    @Test func threadsAreNamedAndPinned() throws {
        let name = Handoff<String>()
        let failure = Handoff<Errno?>()
        let thread = try DedicatedThread(name: "ringfuse-a-very-long-name", cpu: 100_000) { error in
            failure.put(error)
            name.put(Self.ownName())
        }
        thread.join()
        #expect(name.take() == "ringfuse-a-very")
        #expect(failure.take() != nil)
        let pinned = Handoff<Errno?>()
        let cpu = try #require(CPUTopology.read().usable.first { _ in true })
        try DedicatedThread(name: "pinned", cpu: cpu) { pinned.put($0) }.join()
        #expect(pinned.take() == nil)
    }

    /// What may block runs on a thread of its own, and its result comes back.
    @Test func runsOnAThreadOfItsOwn() async throws {
        let name = try await DedicatedThread.run(name: "ringfuse-own") {
            Self.ownName()
        }
        #expect(name == "ringfuse-own")
    }
}
