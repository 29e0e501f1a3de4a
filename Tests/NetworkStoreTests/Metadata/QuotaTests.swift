import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

/// What quotas count and refuse, in both engines. Each volume is checked at its end: the check counts everything anew.
@Suite struct QuotaTests {
    /// What a quota counts.
    private static func count(_ calls: MetadataCalls, _ directory: NodeID) async throws -> [Int64] {
        let quota = try #require(try await calls.engine.quotas(at: directory).first)
        return [quota.bytes, quota.nodes]
    }

    /// A directory with a quota.
    private static func limited(
        _ calls: MetadataCalls,
        _ name: StoredName = "limited",
        in directory: NodeID = .root,
        bytes: UInt64? = nil,
        nodes: UInt64? = nil
    ) async throws -> NodeID {
        let made = try await calls.makeDirectory(name, in: directory)
        try await QuotaWalk(calls.engine).set(made, QuotaRecord.Limits(bytes: bytes, nodes: nodes))
        return made
    }

    @Test(arguments: EngineKind.allCases)
    func holdForBytes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let limited = try await Self.limited(calls, bytes: 1000)
            let below = try await calls.makeDirectory("below", in: limited)
            let file = try await calls.make("file", in: below).id
            try await calls.write(file, at: 0, 900)
            #expect(await errno { try await calls.write(file, at: 900, 101) } == .diskQuotaExceeded)
            // What is written over takes no room, and zeros do.
            try await calls.write(file, at: 100, 800)
            let zeros = Extent(offset: 900, length: 100, place: .zeros)
            try await calls.commit(file) { $0.extents = [zeros] }
            #expect(try await Self.count(calls, limited) == [1000, 3])
            let other = try await calls.make("other", in: limited).id
            #expect(
                await errno { try await calls.engine.share(0..<10, of: file, with: other, at: 0, calls.caller) }
                    == .diskQuotaExceeded)
            // Beside it all is as it was.
            let free = try await calls.make("free").id
            try await calls.write(free, at: 0, 5000)
            try await calls.resize(file, to: 500)
            try await calls.commit(file) { $0.holes = [0..<100] }
            _ = try await calls.engine.share(100..<300, of: file, with: other, at: 0, calls.caller)
            #expect(try await Self.count(calls, limited) == [600, 4])
            try await calls.removeFile("file", in: below)
            #expect(try await Self.count(calls, limited) == [600, 4])
            try await calls.engine.dispose(of: file)
            #expect(try await Self.count(calls, limited) == [200, 3])
            // Who is over a limit that is lowered can only remove.
            try await QuotaWalk(calls.engine).set(limited, QuotaRecord.Limits(bytes: 10))
            try await calls.write(other, at: 0, 200)
            #expect(await errno { try await calls.write(other, at: 200, 1) } == .diskQuotaExceeded)
            try await calls.resize(other, to: 20)
            #expect(try await Self.count(calls, limited) == [20, 3])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func holdForNodes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let limited = try await Self.limited(calls, nodes: 4)
            try await calls.make("a", in: limited)
            let link = try await calls.make("b", in: limited, .symbolicLink, target: "somewhere").id
            try await calls.make("c", in: limited)
            #expect(await errno { try await calls.make("d", in: limited) } == .diskQuotaExceeded)
            #expect(await errno { try await calls.makeUnnamed(in: limited) } == .diskQuotaExceeded)
            #expect(
                await errno { try await calls.rename("a", in: limited, to: "d", into: limited, .whiteout) }
                    == .diskQuotaExceeded)
            // Another name is no other node.
            try await calls.link(link, to: "d", in: limited)
            try await calls.removeFile("b", in: limited)
            #expect(await errno { try await calls.make("e", in: limited) } == .diskQuotaExceeded)
            try await calls.removeFile("d", in: limited)
            try await calls.engine.dispose(of: link)
            try await calls.make("e", in: limited)
            #expect(try await Self.count(calls, limited) == [0, 4])
            try await calls.make("beside")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func holdWithinEachOther(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let outer = try await Self.limited(calls, "outer", bytes: 1000)
            let inner = try await Self.limited(calls, "inner", in: outer, bytes: 600)
            let innermost = try await Self.limited(calls, "innermost", in: inner, nodes: 2)
            let (deep, shallow) = (try await calls.make("f", in: innermost).id, try await calls.make("f", in: outer).id)
            #expect(await errno { try await calls.make("g", in: innermost) } == .diskQuotaExceeded)
            #expect(await errno { try await calls.write(deep, at: 0, 601) } == .diskQuotaExceeded)
            try await calls.write(shallow, at: 0, 500)
            #expect(await errno { try await calls.write(deep, at: 0, 501) } == .diskQuotaExceeded)
            try await calls.write(deep, at: 0, 500)
            #expect(await errno { try await calls.write(shallow, at: 500, 1) } == .diskQuotaExceeded)
            let chain = try await calls.engine.quotas(at: try await calls.node(deep).quota)
            #expect(chain.map(\.id) == [innermost, inner, outer])
            #expect(chain.map(\.bytes) == [500, 500, 1000] && chain.map(\.nodes) == [2, 3, 5])
            // One in the middle goes.
            try await QuotaWalk(calls.engine).clear(inner)
            #expect(try await calls.engine.quotas(at: innermost).map(\.id) == [innermost, outer])
            try await calls.resize(shallow, to: 0)
            try await calls.write(deep, at: 0, 1000)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func holdForWhatIsMoved(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let limited = try await Self.limited(calls, bytes: 1000, nodes: 4)
            let other = try await Self.limited(calls, "other")
            for (name, size) in [("small", 600), ("large", 600), ("linked", 1)] as [(StoredName, UInt64)] {
                try await calls.write(try await calls.make(name).id, at: 0, size)
            }
            let linked = try #require(try await calls.lookUp("linked")).id
            try await calls.link(linked, to: "again")
            let directory = try await calls.makeDirectory("directory")
            try await calls.rename("small", to: "small", into: limited)
            #expect(try await Self.count(calls, limited) == [600, 2])
            #expect(await errno { try await calls.rename("large", to: "large", into: limited) } == .diskQuotaExceeded)
            for name in ["directory", "linked"] as [StoredName] {
                #expect(await errno { try await calls.rename(name, to: "x", into: limited) } == .improperLink)
            }
            #expect(
                await errno { try await calls.rename("large", to: "small", into: limited, .exchange) } == .improperLink)
            #expect(await errno { try await calls.link(linked, to: "x", in: limited) } == .improperLink)
            // From one to another, and out; over something that is there.
            try await calls.rename("small", in: limited, to: "small", into: other)
            #expect(try await Self.count(calls, limited) == [0, 1])
            #expect(try await Self.count(calls, other) == [600, 2])
            let replaced = try #require(try await calls.rename("small", in: other, to: "large"))
            try await calls.engine.dispose(of: replaced.id)
            #expect(try await Self.count(calls, other) == [0, 1])
            // A quota's directory stays within what is around it.
            try await calls.rename("limited", to: "moved", into: directory)
            #expect(
                await errno { try await calls.rename("moved", in: directory, to: "x", into: other) } == .improperLink)
            #expect(
                await errno { try await calls.rename("other", to: "moved", into: directory, .exchange) } == nil)
            // Without a name it is free to go anywhere.
            let unnamed = try await calls.makeUnnamed().id
            try await calls.write(unnamed, at: 0, 1001)
            #expect(await errno { try await calls.link(unnamed, to: "x", in: limited) } == .diskQuotaExceeded)
            try await calls.resize(unnamed, to: 1000)
            try await calls.link(unnamed, to: "x", in: limited)
            #expect(try await Self.count(calls, limited) == [1000, 2])
        }
    }

    /// A tree that was there before is counted, by whichever way; and it is not counted any more when the quota goes.
    @Test(arguments: EngineKind.allCases)
    func countWhatWasThere(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let top = try await calls.makeDirectory("top")
            var directories = [top]
            for index in 0..<200 {
                let name = StoredName(stringLiteral: "f\(index)")
                let directory = directories[index * 7 % directories.count]
                if index % 10 == 0 { directories.append(try await calls.makeDirectory(name, in: directory)) }
                let file = try await calls.make(StoredName(stringLiteral: "g\(index)"), in: directory).id
                if index % 3 == 0 { try await calls.write(file, at: 0, UInt64(index + 1)) }
                // Names elsewhere.
                if index % 50 == 0 { try await calls.link(file, to: name, in: .root) }
            }
            let all = try await calls.engine.usage()
            let inner = directories[5]
            let walk = QuotaWalk(calls.engine)
            // From the inside out.
            try await walk.set(inner, QuotaRecord.Limits())
            let outer = try await walk.set(top, QuotaRecord.Limits(nodes: 1))
            #expect(outer.isComplete && outer.bytes == Int64(all.bytes) && outer.nodes == Int64(all.nodes) - 1)
            #expect(try await calls.engine.check() == [])
            let within = try await Self.count(calls, inner)
            // From the outside in.
            try await walk.clear(inner)
            #expect(try await Self.count(calls, top) == [outer.bytes, outer.nodes])
            try await walk.set(inner, QuotaRecord.Limits())
            #expect(try await Self.count(calls, inner) == within)
            #expect(try await Self.count(calls, top) == [outer.bytes, outer.nodes])
            #expect(try await calls.engine.check() == [])
            try await walk.clear(top)
            #expect(try await calls.engine.quotas().map(\.id) == [inner])
            #expect(try await calls.node(top).quota == NodeID(0))
            await #expect(throws: Errno.noData) { try await walk.clear(top) }
            try await walk.clear(inner)
            #expect(try await calls.engine.quotas() == [])
        }
    }

    /// Counting may be interrupted, while things are made and moved; the next attempt goes on, and misses nothing.
    @Test(arguments: EngineKind.allCases)
    func areCountedInSeveralAttempts(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let top = try await calls.makeDirectory("top")
            let (left, right) = (
                try await calls.makeDirectory("left", in: top), try await calls.makeDirectory("right", in: top)
            )
            let file = try await calls.make("file", in: left).id
            try await calls.write(file, at: 0, 100)
            let quota = try await calls.engine.setQuota(of: top, QuotaRecord.Limits(bytes: 1000))
            #expect(!quota.isComplete && quota.nodes == 1)
            #expect(try await calls.engine.check() == [])
            // `left` is counted, and what is in it is not.
            try await calls.engine.adopt(["left", "nothing"], of: top, into: top)
            #expect(try await calls.engine.check() == [])
            // What could get past the counting is refused, or is counted at once.
            #expect(await errno { try await calls.rename("right", in: top, to: "x", into: left) } == .improperLink)
            try await calls.make("new", in: left)
            try await calls.make("new", in: right)
            try await calls.rename("file", in: left, to: "file", into: right)
            try await calls.rename("file", in: right, to: "file", into: left)
            #expect(try await Self.count(calls, top) == [100, 4])
            let cancelled = Task { try await QuotaWalk(calls.engine).set(top, QuotaRecord.Limits(bytes: 1000)) }
            cancelled.cancel()
            _ = try await cancelled.value
            let complete = try await QuotaWalk(calls.engine).set(top, QuotaRecord.Limits(bytes: 1000))
            #expect(complete.isComplete && complete.bytes == 100 && complete.nodes == 6)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func goWithTheirDirectories(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let limited = try await Self.limited(calls, nodes: 3)
            let open = try await calls.make("open", in: limited).id
            try await calls.write(open, at: 0, 10)
            try await calls.removeFile("open", in: limited)
            try await calls.removeDirectory("limited")
            try await calls.engine.dispose(of: limited)
            // Somebody still has the file open.
            #expect(try await Self.count(calls, limited) == [10, 1])
            #expect(try await calls.engine.check() == [])
            try await calls.engine.dispose(of: open)
            #expect(try await calls.engine.quotas() == [])
            await #expect(throws: Errno.notDirectory) {
                try await Self.limitedFile(calls)
            }
        }
    }

    private static func limitedFile(_ calls: MetadataCalls) async throws(Errno) {
        let file = try await calls.make("file").id
        _ = try await calls.engine.setQuota(of: file, QuotaRecord.Limits())
    }

    /// Whatever is done, in whatever order, with quotas that come and go: all that is counted is what is there.
    @Test(arguments: EngineKind.allCases, 1...6 as ClosedRange<UInt64>)
    func countRightWhateverIsDone(kind: EngineKind, seed: UInt64) async throws {
        try await withVolume(kind) { calls in
            var storm = QuotaStorm(calls, seed: seed)
            for step in 0..<700 {
                try await storm.step()
                if step % 30 == 29 { #expect(try await calls.engine.check() == [], "after \(step) steps") }
            }
            #expect(storm.successes > 60 && storm.refusals.contains(.diskQuotaExceeded))
            #expect(storm.refusals.contains(.improperLink))
        }
    }

    /// The same in a volume with a trash, from which things come back.
    @Test(arguments: EngineKind.allCases, 1...6 as ClosedRange<UInt64>)
    func countRightWithATrash(kind: EngineKind, seed: UInt64) async throws {
        try await withVolume(kind) { calls in
            try await calls.engine.setTrashAge(1000)
            var storm = QuotaStorm(calls, seed: seed, hasTrash: true)
            for step in 0..<700 {
                try await storm.step()
                guard step % 30 == 29 else { continue }
                let findings = try await calls.engine.check()
                try #require(findings == [], "after \(step) steps")
            }
            #expect(storm.successes > 60 && storm.restorations > 0)
        }
    }
}
