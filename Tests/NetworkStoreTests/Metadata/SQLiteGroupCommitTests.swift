import Glibc
import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

@Suite struct SQLiteGroupCommitTests {
    @Test(arguments: EngineKind.allCases)
    func manyTasksShareTransactions(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let made = Locked<[NodeID]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for index in 0..<50 {
                            let file = try await calls.make(StoredName("\(task)-\(index)"))
                            // What has returned is seen by whoever looks.
                            #expect(try await calls.node(file.id) == file)
                            made.withLock { $0.append(file.id) }
                            try await calls.commit(file.id, durably: index % 3 == 0) {
                                $0.extents = [Extent(offset: 0, length: 1, place: .inline([1]))]
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(Set(made.withLock { $0 }).count == 800)
            #expect(try await calls.list(limit: 100).count == 800)
            #expect(try await calls.engine.usage().nodes == 801)
            #expect(try await calls.engine.usage().bytes == 800)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func whoFailsHalfwayLeavesNothingAndHarmsNobody(kind: EngineKind) async throws {
        try await withVolume(kind, byteLimit: 400) { calls in
            let results = Locked<[Errno?]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for index in 0..<10 {
                            let file = try await calls.make(StoredName("\(task)-\(index)"))
                            // Found to be too much after its extents are written.
                            let result = await errno {
                                try await calls.commit(file.id) {
                                    $0.extents = [Extent(offset: 0, length: 10, place: .zeros)]
                                }
                            }
                            results.withLock { $0.append(result) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let (good, bad) = results.withLock { results in
                (results.count { $0 == nil }, results.count { $0 == .noSpace })
            }
            #expect(good == 40)
            #expect(bad == 120)
            #expect(try await calls.engine.usage().bytes == 400)
            #expect(try await calls.engine.usage().nodes == 161)
        }
    }

    /// The same without chance: three operations of which the second fails halfway, in one group.
    @Test func groupIsDoneAgainOneByOne() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let gate = Locked(false)
        let opened = Locked(0)
        let runs = Locked<[String]>([])
        // Holds the writer up until the others wait in its queue.
        let first = Task {
            try await engine.write { (_) throws(Errno) in
                opened.withLock { $0 += 1 }
                while !gate.withLock({ $0 }) { sched_yield() }
            }
        }
        while opened.withLock({ $0 }) == 0 { await Task.yield() }
        @Sendable func make(_ name: StoredName, failing: Bool) async throws(Errno) {
            try await engine.write { (transaction) throws(Errno) in
                runs.withLock { $0.append(String(name)) }
                let template = NodeTemplate(NewNode(mode: .regular), by: Caller(userID: 0, groupID: 0))
                _ = try transaction.make(name, in: .root, template)
                if failing { throw .ioError }
            }
        }
        let others = [("a", false), ("b", true), ("c", false)].map { name, failing in
            Task { try await make(StoredName(name), failing: failing) }
        }
        try await Task.sleep(for: .milliseconds(50))
        gate.withLock { $0 = true }
        try await first.value
        try await others[0].value
        await #expect(throws: Errno.ioError) { try await others[1].value }
        try await others[2].value
        #expect(try await Set(MetadataCalls(engine).list()) == ["a", "c"])
        #expect(runs.withLock { $0.count } >= 3)
        #expect(try engine.usage().nodes == 3)
        #expect(try await engine.check() == [])
        await engine.close()
    }

    @Test func nothingUncommittedIsSeen() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        try await engine.write { (transaction) throws(Errno) in
            let template = NodeTemplate(NewNode(mode: .regular), by: Caller(userID: 0, groupID: 0))
            let file = try transaction.make("file", in: .root, template)
            // On a connection that reads, from the writer's thread: the transaction is open.
            let seen = errno { try engine.node(file.id) }
            guard seen == .staleNFSFileHandle else { throw .fileExists }
        }
        #expect(try await MetadataCalls(engine).lookUp("file") != nil)
        await engine.close()
    }

    /// The log starts anew again and again, and what is read is right all the while.
    @Test func logDoesNotGrowForEver() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        do {
            let calls = MetadataCalls(engine)
            for index in 0..<30 {
                let file = try await calls.make(StoredName("\(index)")).id
                let bytes = ContiguousArray<UInt8>(repeating: UInt8(index), count: 1 << 20)
                try await calls.commit(file, durably: true) {
                    $0.extents = [Extent(offset: 0, length: 1 << 20, place: .inline(bytes))]
                }
                #expect(try await calls.extents(file).first?.place == .inline(bytes))
            }
            let log = try unsafe FileDescriptor.open(fixture.path + "-wal", .readOnly)
            let size = try log.seek(offset: 0, from: .end)
            try log.close()
            #expect(size < 100 << 20)
        }
        #expect(try await engine.check() == [])
        await engine.close()
    }
}
