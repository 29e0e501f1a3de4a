import NetworkStore
import RingFUSE
import SystemPackage

/// Made-up content.
enum Content {
    /// Bytes that depend on a seed.
    static func bytes(_ count: Int, seed: Int) -> [UInt8] {
        var state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        var block: [UInt8] = []
        for _ in 0..<min(count, 4099) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            block.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        var all: [UInt8] = []
        all.reserveCapacity(count + block.count)
        while all.count < count { all += block }
        return Array(all.prefix(count))
    }
}

// Stores on a worker, with arrays for memory.

extension ObjectStore {
    func put(_ key: ObjectKey, _ body: [UInt8], _ worker: BackgroundWorker) async throws(ObjectStoreError) {
        try await worker.run { io throws(ObjectStoreError) in
            try await put(key, RawSpan(_elements: body.span), io)
        }
    }

    /// Reads; expects that what was in the buffer before stays, and that nothing else is there after an error.
    func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        _ worker: BackgroundWorker
    ) async throws(ObjectStoreError) -> [UInt8] {
        try await worker.run { io throws(ObjectStoreError) in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + 24, alignment: 16)
            defer { unsafe memory.deallocate() }
            var buffer = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            for byte in 0..<8 { buffer.append(UInt8(byte)) }
            do throws(ObjectStoreError) {
                try await get(key, at: offset, count: count, into: &buffer, io)
            } catch {
                precondition(buffer.byteCount == 8, "something was left of a read that failed")
                throw error
            }
            precondition(buffer.byteCount == 8 + count, "not what was asked for")
            precondition(unsafe memory[..<8].elementsEqual(0..<8), "the buffer was overwritten")
            return unsafe Array(memory[8..<8 + count])
        }
    }

    /// The error of a read that is to fail.
    func failure(_ key: ObjectKey, at offset: UInt64, count: Int, _ worker: BackgroundWorker) async
        -> ObjectStoreError?
    {
        do throws(ObjectStoreError) {
            _ = try await get(key, at: offset, count: count, worker)
            return nil
        } catch {
            return error
        }
    }

    func size(of key: ObjectKey, _ worker: BackgroundWorker) async throws(ObjectStoreError) -> UInt64? {
        try await worker.run { io throws(ObjectStoreError) in try await size(of: key, io) }
    }

    func remove(_ keys: [ObjectKey], _ worker: BackgroundWorker) async throws(ObjectStoreError) {
        try await worker.run { io throws(ObjectStoreError) in try await remove(keys, io) }
    }

    func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ worker: BackgroundWorker
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        try await worker.run { io throws(ObjectStoreError) in
            try await list(prefix: prefix, after: key, limit: limit, io)
        }
    }
}
