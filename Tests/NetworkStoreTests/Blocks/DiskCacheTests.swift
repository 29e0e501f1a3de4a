import Foundation
import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

/// What was fetched, on a local disk.
@Suite struct DiskCacheTests {
    /// What is kept is there again for the next mount; what was never kept is not; and two mounts do not share one.
    @Test func survivesItsMount() async throws {
        try await withDirectory { directory, worker in
            let bytes = ContiguousArray((0..<10_000).map { UInt8(truncatingIfNeeded: $0) })
            do {
                let cache = try DiskCache(in: directory, limit: 1 << 20, volume: "v")
                await worker.run { io in await cache.write(unsafe bytes.span.bytes, of: 77, at: 4096, io) }
                #expect(throws: Errno.wouldBlock) { try DiskCache(in: directory, limit: 1 << 20, volume: "v") }
            }
            let cache = try DiskCache(in: directory, limit: 1 << 20, volume: "v")
            #expect(cache.bytes >= 10_000)
            #expect(await read(4096..<14_096, of: 77, cache, worker) == Array(bytes))
            // A part that was never written reads as zeros, which the checksum of whoever asks refuses.
            #expect(await read(0..<4096, of: 77, cache, worker) == [UInt8](repeating: 0, count: 4096))
            #expect(await read(10_000..<20_000, of: 77, cache, worker) == nil)
            #expect(await read(0..<10, of: 78, cache, worker) == nil)
        }
    }

    /// It never takes more than it may, and what is used stays.
    @Test func keepsWithinItsLimit() async throws {
        try await withDirectory { directory, worker in
            let cache = try DiskCache(in: directory, limit: 100_000, volume: "v")
            let bytes = ContiguousArray(repeating: UInt8(1), count: 10_000)
            for object in 1...50 as ClosedRange<ObjectNumber> {
                await worker.run { io in await cache.write(unsafe bytes.span.bytes, of: object, at: 0, io) }
                #expect(await read(0..<10_000, of: 1, cache, worker) != nil, "object \(object)")
                #expect(cache.bytes <= 100_000)
            }
            let files = try #require(FileManager.default.enumerator(atPath: directory.string))
            #expect(files.count { "\($0)".contains("/") && !"\($0)".hasSuffix("lock") } <= 256 + 10)
        }
    }

    private func read(
        _ range: Range<Int>,
        of object: ObjectNumber,
        _ cache: DiskCache,
        _ worker: BackgroundWorker
    ) async -> [UInt8]? {
        await worker.run { io -> [UInt8]? in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
            defer { unsafe memory.deallocate() }
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            guard await cache.read(range, of: object, into: &output, io) else { return nil }
            return unsafe Array(memory)
        }
    }

    private func withDirectory(_ body: (FilePath, BackgroundWorker) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("ringfuse-\(UUID())")
        defer { try? FileManager.default.removeItem(at: url) }
        let worker = try BackgroundWorker()
        try await body(FilePath(url.path), worker)
        await worker.shutDown()
    }
}
