internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// Fetches blocks of objects into the cache, each once however many ask for it, and checks them.
final class ObjectReader: Sendable {
    private let engine: any MetadataEngine
    private let store: any ObjectStore
    private let keys: ObjectKeys
    private let cache: BlockCache
    private let staging: StagingBuffers
    private let codec: BlockCodec
    private let disk: DiskCache?
    private let state = Mutex(State())

    private struct State {
        /// What is being fetched.
        var fetching: [BlockCache.Key: Completion<Void>] = [:]
        /// Layouts of objects that were read.
        var layouts: [ObjectNumber: ObjectLayout] = [:]
    }

    /// How many layouts are remembered: about 600 bytes each.
    private static let layoutLimit = 16_384

    init(
        engine: any MetadataEngine,
        store: any ObjectStore,
        keys: ObjectKeys,
        cache: BlockCache,
        disk: DiskCache?,
        staging: StagingBuffers
    ) {
        self.disk = disk
        self.engine = engine
        self.store = store
        self.keys = keys
        self.cache = cache
        self.staging = staging
        codec = BlockCodec(compression: engine.volume.compression)
    }

    /// Sees to it that blocks are in the cache, at least for a moment.
    ///
    /// - Parameters:
    ///   - range: bytes of the object's content.
    /// - Throws: `EIO` where the store cannot give them, or gives others; `EINTR` where the task was cancelled.
    func fetch(_ range: Range<UInt64>, of object: ObjectNumber, _ io: borrowing AsyncIO) async throws(Errno) {
        let layout = try await layout(of: object)
        guard range.upperBound <= UInt64(layout.length) else { throw .ioError }
        let indices = Int(range.lowerBound) / layout.blockSize..<(Int(range.upperBound) - 1) / layout.blockSize + 1
        let (mine, others) = claim(indices, of: object)
        var failure: Errno?
        for run in mine {
            do throws(Errno) {
                if failure == nil { try await fetch(run, of: object, layout, io) }
            } catch {
                failure = error
            }
            release(run, of: object)
        }
        if let failure { throw failure }
        // Whoever fetches them may fail: then they are missed, and asked for again.
        for other in others { await other.wait() }
    }

    /// Notes which blocks this task is going to fetch.
    ///
    /// - Returns: runs of blocks that are neither here nor being fetched; and what others are fetching.
    private func claim(
        _ indices: Range<Int>,
        of object: ObjectNumber
    ) -> (mine: [Range<Int>], others: [Completion<Void>]) {
        state.withLock { state in
            var mine: [Range<Int>] = []
            var others: [Completion<Void>] = []
            for index in indices {
                let key = BlockCache.Key(object: object, index: index)
                if cache.block(key) != nil { continue }
                if let other = state.fetching[key] {
                    others.append(other)
                    continue
                }
                state.fetching[key] = Completion()
                if let last = mine.last, last.upperBound == index {
                    mine[mine.count - 1] = last.lowerBound..<index + 1
                } else {
                    mine.append(index..<index + 1)
                }
            }
            return (mine, others)
        }
    }

    private func release(_ run: Range<Int>, of object: ObjectNumber) {
        let completions = state.withLock { state in
            run.map { state.fetching.removeValue(forKey: BlockCache.Key(object: object, index: $0)) }
        }
        for completion in completions { completion?.finish(()) }
    }

    /// Fetches blocks that follow each other, in one request.
    private func fetch(
        _ run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ io: borrowing AsyncIO
    ) async throws(Errno) {
        let stored = layout.storedRange(of: run)
        try await staging.withBuffer { (buffer) async throws(Errno) in
            guard stored.count <= buffer.byteCount else { throw .ioError }
            var output = unsafe OutputRawSpan(buffer: buffer.bytes, initializedCount: 0)
            if let disk, await disk.read(stored, of: object, into: &output, io) {
                if try unsafe keep(run, of: object, layout, UnsafeRawBufferPointer(buffer.bytes)) { return }
                output.removeAll()
            }
            do throws(ObjectStoreError) {
                try await store.get(
                    keys[object], at: UInt64(stored.lowerBound), count: stored.count, into: &output, io)
                guard output.byteCount == stored.count else { throw .damaged("too few bytes of \(keys[object])") }
            } catch {
                throw error.errno
            }
            guard try unsafe keep(run, of: object, layout, UnsafeRawBufferPointer(buffer.bytes)) else { throw .ioError }
            await disk?.write(output.bytes, of: object, at: stored.lowerBound, io)
        }
    }

    /// Checks blocks that follow each other and puts those that are right into the cache.
    ///
    /// - Returns: whether all of them are.
    @unsafe
    private func keep(
        _ run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        var position = 0
        var isRight = true
        for index in run {
            let length = Int(layout.blocks[index].length)
            let stored = unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
            if try unsafe !keep(stored, layout, BlockCache.Key(object: object, index: index)) { isRight = false }
            position += length
        }
        return isRight
    }

    /// Checks a block and puts it into the cache.
    ///
    /// - Returns: whether it is right.
    @unsafe
    private func keep(
        _ stored: UnsafeRawBufferPointer,
        _ layout: ObjectLayout,
        _ key: BlockCache.Key
    ) throws(Errno) -> Bool {
        // Unwritten data takes half of the memory at the most, so there is a block that the cache can do without.
        guard let block = cache.take() else { throw .noMemory }
        let isRight = unsafe block.withMutableBytes { bytes in
            unsafe codec.decode(
                stored, layout.blocks[key.index], length: layout.contentLength(of: key.index), into: bytes)
        }
        guard isRight else { return false }
        block.isUsed.store(true, ordering: .relaxed)
        cache.insert(block, for: key)
        return true
    }

    /// How an object is laid out.
    private func layout(of object: ObjectNumber) async throws(Errno) -> ObjectLayout {
        if let layout = state.withLock({ $0.layouts[object] }) { return layout }
        guard let layout = ObjectLayout(of: try await engine.object(object)) else { throw .ioError }
        remember(layout, of: object)
        return layout
    }

    /// Remembers how an object is laid out.
    func remember(_ layout: ObjectLayout, of object: ObjectNumber) {
        state.withLock { state in
            if state.layouts.count >= Self.layoutLimit { state.layouts.removeAll(keepingCapacity: true) }
            state.layouts[object] = layout
        }
    }
}
