import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import NetworkStore
@testable import RingFUSE

/// What a directory of objects does besides what every store does.
@Suite struct DirectoryStoreTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = "/tmp/ringfuse-directory-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    @Test func hasToBeThere() async throws {
        try await withDirectory { path in
            let error = #expect(throws: ObjectStoreError.self) { try DirectoryStore(FilePath(path + "/x/y")) }
            #expect(error?.description.contains("does not exist") == true)
            _ = try DirectoryStore(FilePath(path + "/x/y"), creates: true)
            _ = try DirectoryStore(FilePath(path + "/x/y"))
            try "".write(toFile: path + "/file", atomically: true, encoding: .utf8)
            let other = #expect(throws: ObjectStoreError.self) { try DirectoryStore(FilePath(path + "/file")) }
            #expect(other?.description.contains("no directory") == true)
        }
    }

    /// What the kernel has in its cache is read at once, whole or not at all, and nothing else.
    @Test func readsAtOnce() async throws {
        try await withDirectory { path in
            let store = try DirectoryStore(FilePath(path))
            let worker = try BackgroundWorker()
            try await store.put(ObjectKey("a/b"), Array(0..<100), worker)
            func read(_ key: String, _ offset: UInt64, _ count: Int) -> [UInt8]? {
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 200, alignment: 16)
                defer { unsafe memory.deallocate() }
                var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
                let isRead = store.getImmediately(ObjectKey(key), at: offset, count: count, into: &output)
                let length = unsafe output.finalize(for: memory)
                #expect(length == (isRead ? count : 0))
                return isRead ? (0..<length).map { unsafe memory[$0] } : nil
            }
            #expect(read("a/b", 10, 20) == Array(10..<30))
            #expect(read("a/b", 0, 100) == Array(0..<100))
            for (key, offset, count) in [("a/b", 90, 11), ("a/b", 101, 1), ("a/c", 0, 1)] {
                #expect(read(key, UInt64(offset), count) == nil, "\(key) \(offset)")
            }
            #expect(read(DirectoryStore.temporaryDirectory + "/x", 0, 1) == nil)
            try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: path + "/a/b")
            #expect(read("link", 0, 1) == nil)
            #expect(read("a/b", 0, 1) == [0])
            await worker.shutDown()
        }
    }

    /// Half-written objects are not listed; those that nobody writes any more are removed, others stay.
    @Test func leftovers() async throws {
        try await withDirectory { path in
            let temporary = path + "/" + DirectoryStore.temporaryDirectory
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            for name in ["old", "new"] {
                try "half".write(toFile: "\(temporary)/\(name)", atomically: true, encoding: .utf8)
            }
            var times = [
                timeval(tv_sec: time(nil) - 90_000, tv_usec: 0), timeval(tv_sec: time(nil) - 90_000, tv_usec: 0),
            ]
            _ = unsafe utimes("\(temporary)/old", &times)
            let store = try DirectoryStore(FilePath(path))
            let worker = try BackgroundWorker()
            try await store.put(ObjectKey("whole"), [1], worker)
            #expect(try await store.list(prefix: "", after: nil, limit: 10, worker).map(\.key.description) == ["whole"])
            #expect(names(in: temporary) == ["new"])
            let key = ObjectKey(DirectoryStore.temporaryDirectory + "/new")
            guard case .denied = await store.failure(key, at: 0, count: 1, worker) else {
                Issue.record("a half-written object can be read")
                return
            }
            await worker.shutDown()
        }
    }

    /// What is no file, or has no name of a key, is not listed and does not disturb.
    @Test func otherThings() async throws {
        try await withDirectory { path in
            let store = try DirectoryStore(FilePath(path))
            let worker = try BackgroundWorker()
            try await store.put(ObjectKey("d/a"), [1], worker)
            _ = unsafe symlink("a", path + "/d/link")
            _ = unsafe mkfifo(path + "/d/pipe", 0o600)
            try "x".write(toFile: path + "/d/b c", atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(atPath: path + "/e/f", withIntermediateDirectories: true)
            #expect(try await store.list(prefix: "", after: nil, limit: 10, worker).map(\.key.description) == ["d/a"])
            // Links are not followed: they might lead anywhere.
            guard case .denied = await store.failure(ObjectKey("d/link"), at: 0, count: 1, worker) else {
                Issue.record("a link was followed")
                return
            }
            #expect(try await store.size(of: ObjectKey("d"), worker) == nil)
            // A key that is a directory, and one below an object.
            for text in ["d", "d/a/x"] {
                await #expect(throws: ObjectStoreError.self) { try await store.put(ObjectKey(text), [1], worker) }
            }
            try await store.remove([ObjectKey("d"), ObjectKey("d/a/x")], worker)
            #expect(try await store.get(ObjectKey("d/a"), at: 0, count: 1, worker) == [1])
            #expect(names(in: path + "/" + DirectoryStore.temporaryDirectory) == [])
            await worker.shutDown()
        }
    }

    /// A directory that was removed meanwhile is made again.
    @Test func directoriesAreMadeAgain() async throws {
        try await withDirectory { path in
            let store = try DirectoryStore(FilePath(path))
            let worker = try BackgroundWorker()
            try await store.put(ObjectKey("a/b/c"), [1], worker)
            try FileManager.default.removeItem(atPath: path + "/a")
            try FileManager.default.removeItem(atPath: path + "/" + DirectoryStore.temporaryDirectory)
            try await store.put(ObjectKey("a/b/d"), [2], worker)
            #expect(try await store.get(ObjectKey("a/b/d"), at: 0, count: 1, worker) == [2])
            await worker.shutDown()
        }
    }

    /// A file system that is full says so, keeps nothing of what did not fit, and goes on when there is room.
    @Test(.enabled(if: geteuid() == 0), arguments: [BackgroundWorker.Engine.automatic, .threads])
    func full(_ engine: BackgroundWorker.Engine) async throws {
        try await withDirectory { path in
            guard unsafe mount("none", path, "tmpfs", 0, "size=1m") == 0 else { throw Errno(rawValue: errno) }
            defer { _ = unsafe umount(path) }
            let store = try DirectoryStore(FilePath(path))
            let worker = try BackgroundWorker(engine: engine)
            let key = ObjectKey("a/big")
            do throws(ObjectStoreError) {
                try await store.put(key, Content.bytes(2 << 20, seed: 1), worker)
                Issue.record("2 MiB fit into one")
            } catch {
                guard case .full(let text) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(text.contains("full") && text.contains("a/big"))
            }
            #expect(try await store.size(of: key, worker) == nil)
            #expect(names(in: path + "/" + DirectoryStore.temporaryDirectory) == [])
            try await store.put(key, Content.bytes(500_000, seed: 1), worker)
            await worker.shutDown()
        }
    }

    /// In the order that makes it durable: the content before the name, the name before the answer; and a new directory
    /// in the one above it before anything is in it.
    @Test func orderOfOperations() async throws {
        try await withDirectory { path in
            let store = try DirectoryStore(FilePath(path))
            let recorder = RecordingIO()
            let body: [UInt8] = [1, 2, 3]
            try await store.put(ObjectKey("a/b"), RawSpan(_elements: body.span), AsyncIO(recorder))
            #expect(
                recorder.kinds == [
                    .makeDirectory, .synchronize,
                    // The directory of temporary files is missing, too.
                    .open, .makeDirectory, .open, .write, .synchronize, .close, .rename, .open, .synchronize, .close,
                ])
            recorder.reset()
            try await store.put(ObjectKey("a/c"), RawSpan(_elements: body.span), AsyncIO(recorder))
            #expect(
                recorder.kinds == [.open, .write, .synchronize, .close, .rename, .open, .synchronize, .close])
        }
    }

    /// Whatever operation fails, nothing is left behind, and the object is there whole or not at all.
    @Test func failuresOfOperations() async throws {
        try await withDirectory { path in
            let store = try DirectoryStore(FilePath(path))
            let body: [UInt8] = [1, 2, 3]
            let recorder = RecordingIO()
            try await store.put(ObjectKey("a/0"), RawSpan(_elements: body.span), AsyncIO(recorder))
            recorder.reset()
            for number in 0..<8 {
                recorder.failNext(number, with: .ioError)
                let key = ObjectKey("a/x\(number)")
                do throws(ObjectStoreError) {
                    try await store.put(key, RawSpan(_elements: body.span), AsyncIO(recorder))
                    // Of a directory that was only read.
                    #expect(number == 7)
                } catch {
                    guard case .unavailable = error else {
                        Issue.record("\(error)")
                        continue
                    }
                }
                recorder.failNext(nil, with: .ioError)
                let size = try await store.size(of: key, AsyncIO(recorder))
                #expect(size == (number >= 5 ? 3 : nil), "operation \(number)")
                #expect(names(in: path + "/" + DirectoryStore.temporaryDirectory) == [])
            }
        }
    }
}

/// Carries operations out on threads, and remembers them.
private final class RecordingIO: IOEngine, @unchecked Sendable {
    private struct State {
        var kinds: [IOOperation.Kind] = []
        var failing: Int?
        var failure = Errno.ioError
    }

    private let engine = ThreadPoolIO()
    private let state = Mutex(State())

    /// What was done, in order.
    var kinds: [IOOperation.Kind] { state.withLock { $0.kinds } }

    /// Forgets all.
    func reset() { state.withLock { $0 = State() } }

    /// Has an operation fail, counted from now; `nil` for none.
    func failNext(_ number: Int?, with error: Errno) {
        state.withLock { $0 = State(failing: number, failure: error) }
    }

    override func perform(_ operation: IOOperation) async throws(Errno) -> Int {
        let failure = state.withLock { state -> Errno? in
            defer { state.kinds.append(operation.kind) }
            return state.failing == state.kinds.count ? state.failure : nil
        }
        // The descriptor is closed all the same.
        if failure == nil || operation.kind == .close {
            let result = try await engine.perform(operation)
            if failure == nil { return result }
        }
        throw failure ?? .ioError
    }
}
