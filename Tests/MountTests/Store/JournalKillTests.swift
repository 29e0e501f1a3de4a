import Testing

extension MountTests {
    /// A server with a journal is killed between each two steps that it takes on its disk, and so is the one that brings in what the first
    /// has left: what was acknowledged is there, nothing older is over anything newer, and the journal is empty in the end.
    @Suite
    struct StoreJournalKills {
        private typealias Gap = KillSwitch.Gap

        /// What happens to a server.
        enum Ending: String, CaseIterable, Sendable {
            /// It is killed: the disk has all that it has done.
            case kill
            /// The power goes, too: the disk has what was synced, and of the rest any part.
            case powerCut
        }

        /// Which server that is.
        enum Victim: String, CaseIterable, Sendable {
            /// The one that acknowledges.
            case first
            /// The one that finds what a killed one has acknowledged and not stored.
            case replaying
        }

        /// How many servers are tried at the same time: they wait for the next second most of the time.
        private static let parallel = 4

        /// The steps in front of which servers are killed at the least: one that is missed is not tested.
        private static func required(_ victim: Victim) -> Set<String> {
            let start = ["make", "write header to", "synchronize"]
            let stored = ["make object", "synchronize object", "name object", "write metadata", "synchronize metadata"]
            switch victim {
            case .first:
                let parts = start + ["write change to", "write done to", "remove"]
                return Set(stored + [1, 2].flatMap { number in parts.map { "\($0) \(number).segment" } })
            case .replaying: return Set(stored + start.map { "\($0) 2.segment" } + ["remove 1.segment"])
            }
        }

        /// Between all steps.
        @Test(arguments: Victim.allCases)
        func loseNothing(_ victim: Victim) async throws {
            let gaps = try await JournalTrial(.store, victim, .kill, nil).run().gaps
            try await Self.kill(.store, victim, .kill, in: gaps, Self.required(victim))
        }

        /// Where something was promised, or is about to go.
        @Test(arguments: Victim.allCases)
        func loseNothingWithThePower(_ victim: Victim) async throws {
            let gaps = try await JournalTrial(.store, victim, .powerCut, nil).run().gaps.filter { gap in
                let former = gap.former ?? ""
                let isSynced = former.hasPrefix("synchronize") || former.hasPrefix("answer")
                let isPromised = isSynced && !gap.next.hasSuffix("object")
                return isPromised || gap.next.hasPrefix("remove")
            }
            try await Self.kill(.store, victim, .powerCut, in: gaps, ["write metadata", "remove 1.segment"])
        }

        /// At the moment of an acknowledgement, on both transports: when the journal is on the disk and nobody knows it yet, the server
        /// among them; and when a program has just been told.
        @Test(arguments: Way.allCases)
        func loseNothingOfWhatIsBeingAcknowledged(_ way: Way) async throws {
            let files = ["1.segment", "2.segment"]
            try await Self.inParallel(files) { file in
                let gap = Gap(former: "synchronize \(file)", next: "answer \(file)")
                let outcome = try await JournalTrial(.store, .first, .kill, gap, way).run()
                #expect(outcome.hasKilled, "nobody was killed \(gap)")
            }
            try await Self.inParallel(1...JournalTrial.acknowledgements) { number in
                let outcome = try await JournalTrial(.store, .first, .kill, nil, way, killsAfter: number).run()
                #expect(outcome.hasKilled, "nobody was killed after acknowledgement \(number)")
            }
        }

        /// Tries several at the same time.
        private static func inParallel<Values: Sequence & Sendable>(
            _ values: Values,
            _ body: @escaping @Sendable (Values.Element) async throws -> Void
        ) async throws where Values.Element: Sendable {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for value in values { group.addTask { try await body(value) } }
                try await group.waitForAll()
            }
        }

        /// Where metadata and objects are on servers, which go on: some moments of it.
        @Test(arguments: Victim.allCases)
        func loseNothingOnServers(_ victim: Victim) async throws {
            let wanted: Set =
                victim == .first
                ? [
                    "write header to 1.segment", "write change to 1.segment", "write done to 1.segment",
                    "remove 1.segment",
                ]
                : ["remove 1.segment", "make 2.segment"]
            var left = wanted
            let gaps = try await JournalTrial(.shared, victim, .kill, nil).run().gaps.filter { gap in
                left.remove(gap.next) != nil
            }
            try await Self.kill(.shared, victim, .kill, in: gaps, wanted)
        }

        /// Kills a server in each of some gaps, each in a volume of its own; at least in front of some steps.
        private static func kill(
            _ kind: Kind,
            _ victim: Victim,
            _ ending: Ending,
            in gaps: [Gap],
            _ required: Set<String>
        ) async throws {
            try await withThrowingTaskGroup(of: Gap?.self) { group in
                var killed: [Gap] = []
                for (index, gap) in gaps.enumerated() {
                    if index >= parallel, let done = try await group.next(), let done { killed.append(done) }
                    group.addTask {
                        try await JournalTrial(kind, victim, ending, gap).run().hasKilled ? gap : nil
                    }
                }
                for try await done in group { if let done { killed.append(done) } }
                // What is done at the same time may have come in another order.
                for next in required.subtracting(killed.map(\.next)) {
                    let trial = JournalTrial(kind, victim, ending, Gap(former: nil, next: next))
                    #expect(try await trial.run().hasKilled, "nobody was killed before \(next), of \(gaps)")
                }
            }
        }
    }
}
