import Foundation
import Glibc
import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

/// What every store of objects does, on a ring and without: a directory, and a bucket of SeaweedFS.
@Suite struct ObjectStoreTests {
    /// A store and a worker.
    enum Kind: String, CaseIterable, Sendable {
        case directoryOnRing, directoryOnThreads, s3OnRing, s3OnThreads

        var usesThreads: Bool { self == .directoryOnThreads || self == .s3OnThreads }
        var isDirectory: Bool { self == .directoryOnRing || self == .directoryOnThreads }
    }

    /// Gives a test an empty store.
    private static func with(
        _ kind: Kind,
        _ body: (_ store: any ObjectStore, _ worker: BackgroundWorker) async throws -> Void
    ) async throws {
        let worker = try BackgroundWorker(engine: kind.usesThreads ? .threads : .automatic)
        if kind.isDirectory {
            let path = "/tmp/ringfuse-objects-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try await body(try DirectoryStore(FilePath(path), creates: true), worker)
        } else {
            try await body(try await TestBucket.store(prefix: "run-\(UInt32.random(in: 0...UInt32.max))"), worker)
        }
        await worker.shutDown()
    }

    @Test(arguments: Kind.allCases)
    func sizes(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            for size in [0, 1, 65536, 4 << 20, 20 << 20] {
                let key = ObjectKey("a/size-\(size)")
                let content = Content.bytes(size, seed: size)
                #expect(try await store.size(of: key, worker) == nil)
                try await store.put(key, content, worker)
                #expect(try await store.size(of: key, worker) == UInt64(size))
                let read = try await store.get(key, at: 0, count: size, worker)
                #expect(read == content, "\(size) bytes")
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func ranges(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let key = ObjectKey("ranges")
            let content = Content.bytes(300_000, seed: 7)
            try await store.put(key, content, worker)
            for (start, count) in [
                (0, 1), (1, 1), (0, 4096), (4096, 4096), (299_999, 1), (100, 131_072), (17, 299_983), (5, 0),
            ] {
                let read = try await store.get(key, at: UInt64(start), count: count, worker)
                #expect(read == Array(content[start..<start + count]), "\(count) bytes from \(start)")
            }
        }
    }

    /// Asked for more than there is: none of it, and an error that says what is wrong.
    @Test(arguments: Kind.allCases)
    func endsTooEarly(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let key = ObjectKey("short")
            try await store.put(key, Content.bytes(1000, seed: 1), worker)
            for (start, count) in [(0, 1001), (999, 2), (1000, 1), (5000, 10)] {
                let error = await store.failure(key, at: UInt64(start), count: count, worker)
                guard case .damaged(let text) = error else {
                    Issue.record("\(count) bytes from \(start): \(String(describing: error))")
                    continue
                }
                #expect(text.contains("short"))
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func missing(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            for key in ["none", "not/there", "not/there/either"].map(ObjectKey.init) {
                #expect(await store.failure(key, at: 0, count: 10, worker) == .missing(key))
                #expect(await store.failure(key, at: 0, count: 0, worker) == .missing(key))
                #expect(try await store.size(of: key, worker) == nil)
                try await store.remove([key], worker)
            }
        }
    }

    /// The latest content counts, of whatever size.
    @Test(arguments: Kind.allCases)
    func replaced(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let key = ObjectKey("x/y/z")
            for size in [5000, 10, 0, 9000] {
                let content = Content.bytes(size, seed: size + 3)
                try await store.put(key, content, worker)
                #expect(try await store.size(of: key, worker) == UInt64(size))
                #expect(try await store.get(key, at: 0, count: size, worker) == content)
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func removed(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let keys = (0..<30).map { ObjectKey("r/\($0 % 3)/\($0)") }
            for key in keys { try await store.put(key, [1, 2, 3], worker) }
            try await store.remove(Array(keys[..<1]), worker)
            // Some are gone already.
            try await store.remove(Array(keys[..<20]) + [ObjectKey("never")], worker)
            let left = try await store.list(prefix: "", after: nil, limit: 100, worker)
            #expect(Set(left.map(\.key)) == Set(keys[20...]))
            try await store.remove([], worker)
        }
    }

    /// In the order of their bytes, whatever directories do with it, and page by page.
    @Test(arguments: Kind.allCases)
    func listed(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let texts = [
                "a", "b/a", "b/a-", "b/c/d", "b/c.d", "b/c-d", "b-", "b.", "b0", "bb", "c/0", "c/00", "c/1", "C", "Z/z",
                "_", "d/e/f/g/h/i", "d/e.f", "e-.-_",
            ]
            for (size, text) in texts.enumerated() {
                try await store.put(ObjectKey(text), Content.bytes(size, seed: 0), worker)
            }
            let sorted = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            let all = try await store.list(prefix: "", after: nil, limit: 1000, worker)
            #expect(all.map(\.key.description) == sorted)
            for object in all { #expect(object.size == texts.firstIndex(of: object.key.description).map(UInt64.init)) }
            for prefix in ["", "b", "b/", "b/c", "b/c/", "c/0", "x", "d/e/f"] {
                let wanted = sorted.filter { $0.hasPrefix(prefix) }
                let found = try await store.list(prefix: prefix, after: nil, limit: 1000, worker)
                #expect(found.map(\.key.description) == wanted, "with \(prefix)")
                for after in ["a", "b/b", "b/c/d", "b.", "zz"] {
                    let rest = try await store.list(prefix: prefix, after: ObjectKey(after), limit: 1000, worker)
                    #expect(rest.map(\.key.description) == wanted.filter { $0 > after }, "\(prefix) after \(after)")
                }
            }
            var pages: [String] = []
            while true {
                let page = try await store.list(prefix: "", after: pages.last.map(ObjectKey.init), limit: 4, worker)
                if page.isEmpty { break }
                #expect(page.count <= 4)
                pages += page.map(\.key.description)
            }
            #expect(pages == sorted)
        }
    }

    /// Keys that would lead out of a directory, or that one store takes and another does not.
    @Test(arguments: Kind.allCases)
    func awkwardKeys(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let bad = [
                "", "/", "/etc/x", "a/", "a//b", "..", "../x", "a/../b", ".", "./a", "a b", "a\0b", "ü", "a\nb", "a%2f",
                String(repeating: "a", count: 256), String(repeating: "a/", count: 512) + "a",
            ]
            for text in bad {
                let key = ObjectKey(text)
                let error = await store.failure(key, at: 0, count: 1, worker)
                guard case .denied = error else {
                    Issue.record("\"\(text)\" was taken: \(String(describing: error))")
                    continue
                }
                await #expect(throws: ObjectStoreError.self) { try await store.put(key, [1], worker) }
                await #expect(throws: ObjectStoreError.self) { _ = try await store.size(of: key, worker) }
                await #expect(throws: ObjectStoreError.self) { try await store.remove([key], worker) }
            }
            for text in ["...", "a..b", "-", "_/.x/-", "A.B-C_D", String(repeating: "k", count: 255)] {
                try await store.put(ObjectKey(text), [7], worker)
                #expect(try await store.get(ObjectKey(text), at: 0, count: 1, worker) == [7], "\(text)")
            }
        }
    }

    /// Many tasks at a time, and no content gets into another's memory.
    @Test(arguments: Kind.allCases)
    func concurrent(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let key = ObjectKey("c/\(number % 8)/\(number)")
                        let content = Content.bytes(number * 3000, seed: number)
                        try await store.put(key, content, worker)
                        for _ in 0..<5 {
                            let read = try await store.get(key, at: 0, count: content.count, worker)
                            #expect(read == content)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func cancelled(_ kind: Kind) async throws {
        try await Self.with(kind) { store, worker in
            let key = ObjectKey("cancelled")
            try await store.put(key, [1], worker)
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return await store.failure(key, at: 0, count: 1, worker)
            }
            task.cancel()
            #expect(await task.value == .cancelled)
            // Nothing is left behind that would disturb.
            #expect(try await store.get(key, at: 0, count: 1, worker) == [1])
        }
    }
}
