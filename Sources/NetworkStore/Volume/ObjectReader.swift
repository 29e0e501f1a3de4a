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
    private let claims: BlockClaims
    private let counters: VolumeCounters
    /// What the store gave that was wrong.
    let wrongAnswers: WrongAnswers
    /// Layouts of objects that were read.
    private let layouts = Mutex<[ObjectNumber: ObjectLayout]>([:])

    /// How many layouts are remembered: about 600 bytes each.
    private static let layoutLimit = 16_384

    init(
        engine: any MetadataEngine,
        store: any ObjectStore,
        keys: ObjectKeys,
        cache: BlockCache,
        disk: DiskCache?,
        staging: StagingBuffers,
        key: VolumeKey?,
        counters: VolumeCounters
    ) {
        self.disk = disk
        self.counters = counters
        wrongAnswers = WrongAnswers(counters)
        self.engine = engine
        self.store = store
        self.keys = keys
        self.cache = cache
        self.staging = staging
        claims = BlockClaims(cache)
        codec = BlockCodec(compression: engine.volume.compression, key: key)
    }

    /// Sees to it that blocks are in the cache, at least for a moment.
    ///
    /// - Parameters:
    ///   - range: bytes of the object's content.
    /// - Throws: `EIO` where the store cannot give them, or gives others each time; `EINTR` where the task was cancelled.
    func fetch(_ range: Range<UInt64>, of object: ObjectNumber, _ io: borrowing AsyncIO) async throws(Errno) {
        let layout = try await layout(of: object)
        guard range.upperBound <= UInt64(layout.length) else { throw .ioError }
        let indices = Int(range.lowerBound) / layout.blockSize..<(Int(range.upperBound) - 1) / layout.blockSize + 1
        try await claims.fetch(indices, of: object) { (run) async throws(Errno) in
            try await fetch(run, of: object, layout, io)
        }
        // Others may still be at it.
        if Task.isCancelled { throw .interrupted }
    }

    /// Fetches blocks that follow each other, in one request; once more those that are wrong.
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
                if try unsafe keep(run, of: object, layout, UnsafeRawBufferPointer(buffer.bytes)) == nil {
                    counters.diskCacheBytes.count(stored.count)
                    return
                }
                output.removeAll()
            }
            guard let wrong = try await ask(for: run, of: object, layout, buffer, io) else { return }
            // A proxy, a cache, or the memory of some machine on the way may have done it.
            let isRightNow = try await ask(for: wrong, of: object, layout, buffer, io) == nil
            wrongAnswers.note(object, keys[object], isRightNow: isRightNow)
            guard isRightNow else { throw .ioError }
        }
    }

    /// Asks the store for blocks that follow each other, and puts those that are right into the cache.
    ///
    /// - Parameter buffer: has room for them.
    /// - Returns: those from the first to the last that is wrong; `nil` where all are right.
    /// - Throws: `EIO` where the store does not give them.
    private func ask(
        for run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ buffer: borrowing StagingBuffer,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> Range<Int>? {
        let stored = layout.storedRange(of: run)
        var output = unsafe OutputRawSpan(buffer: buffer.bytes, initializedCount: 0)
        counters.fetches.count()
        do throws(ObjectStoreError) {
            try await store.get(keys[object], at: UInt64(stored.lowerBound), count: stored.count, into: &output, io)
            guard output.byteCount == stored.count else { throw .damaged("too few bytes of \(keys[object])") }
        } catch {
            counters.failedFetches.count()
            throw error.errno
        }
        counters.fetchedBytes.count(stored.count)
        if let wrong = try unsafe keep(run, of: object, layout, UnsafeRawBufferPointer(buffer.bytes)) {
            wrongAnswers.count()
            return wrong
        }
        await disk?.write(output.bytes, of: object, at: stored.lowerBound, io)
        return nil
    }

    /// Checks blocks that follow each other and puts those that are right into the cache.
    ///
    /// - Returns: those from the first to the last that is wrong; `nil` where all are right.
    @unsafe
    private func keep(
        _ run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) -> Range<Int>? {
        var position = 0
        var wrong: Range<Int>?
        for index in run {
            let length = Int(layout.blocks[index].length)
            let stored = unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
            if try unsafe !keep(stored, layout, BlockCache.Key(object: object, index: index)) {
                wrong = (wrong?.lowerBound ?? index)..<index + 1
            }
            position += length
        }
        return wrong
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
            unsafe codec.decode(stored, key.index, of: layout, key.object, into: bytes)
        }
        guard isRight else { return false }
        block.isUsed.store(true, ordering: .relaxed)
        cache.insert(block, for: key)
        return true
    }

    /// How an object is laid out.
    private func layout(of object: ObjectNumber) async throws(Errno) -> ObjectLayout {
        if let layout = layouts.withLock({ $0[object] }) { return layout }
        guard let layout = ObjectLayout(of: try await engine.object(object)) else { throw .ioError }
        remember(layout, of: object)
        return layout
    }

    /// Remembers how an object is laid out.
    func remember(_ layout: ObjectLayout, of object: ObjectNumber) {
        layouts.withLock { layouts in
            if layouts.count >= Self.layoutLimit { layouts.removeAll(keepingCapacity: true) }
            layouts[object] = layout
        }
    }
}
