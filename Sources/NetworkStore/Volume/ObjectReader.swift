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

    /// Sees to it that blocks are in the cache where the store can do that at once, as a directory that the kernel caches can.
    ///
    /// - Parameter range: bytes of the object's content, not empty.
    /// - Returns: whether they are. What is wrong with the others, ``fetch(_:of:_:)`` finds out.
    func fetchImmediately(_ range: Range<UInt64>, of object: ObjectNumber) -> Bool {
        guard store.getsImmediately, disk == nil, let layout = layouts.withLock({ $0[object] }),
            range.upperBound <= UInt64(layout.length)
        else { return false }
        let size = UInt64(layout.blockSize)
        return (Int(range.lowerBound / size)...Int((range.upperBound - 1) / size)).allSatisfy { index in
            guard codec.isPlain(index..<index + 1, of: layout) else { return false }
            return claims.fetchImmediately(index, of: object) { readImmediately(index, of: object, layout) }
        }
    }

    /// Reads a block that is stored plainly into the cache.
    ///
    /// - Returns: whether it is there, and right.
    private func readImmediately(_ index: Int, of object: ObjectNumber, _ layout: ObjectLayout) -> Bool {
        guard let block = cache.take() else { return false }
        let stored = layout.storedRange(of: index..<index + 1)
        let isRight = unsafe block.withMutableBytes { bytes in
            var output = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
            guard store.getImmediately(keys[object], at: UInt64(stored.lowerBound), count: stored.count, into: &output)
            else { return false }
            return unsafe codec.isContent(UnsafeRawBufferPointer(rebasing: bytes[..<stored.count]), index, of: layout)
        }
        guard isRight else { return false }
        cache.show(block, for: BlockCache.Key(object: object, index: index))
        counters.fetches.count()
        counters.fetchedBytes.count(stored.count)
        return true
    }

    /// Fetches blocks that follow each other, in one request; once more those that are wrong.
    private func fetch(
        _ run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ io: borrowing AsyncIO
    ) async throws(Errno) {
        let stored = layout.storedRange(of: run)
        // A buffer is what bounds how much is on its way, also where it stays empty.
        try await staging.withBuffer { (buffer) async throws(Errno) in
            guard stored.count <= buffer.byteCount else { throw .ioError }
            var target =
                codec.isPlain(run, of: layout)
                ? FetchTarget(run.count, of: cache, or: buffer, of: staging) : FetchTarget(buffer)
            var output = unsafe OutputRawSpan(buffer: target.bytes, initializedCount: 0)
            if let disk, await disk.read(stored, of: object, into: &output, io) {
                if try keep(run, of: object, layout, target) == nil {
                    counters.diskCacheBytes.count(stored.count)
                    return
                }
                // Others have the blocks that were right.
                target = FetchTarget(buffer)
            }
            guard let wrong = try await ask(for: run, of: object, layout, target, io) else { return }
            // A proxy, a cache, or the memory of some machine on the way may have done it.
            let isRightNow = try await ask(for: wrong, of: object, layout, FetchTarget(buffer), io) == nil
            wrongAnswers.note(object, keys[object], isRightNow: isRightNow)
            guard isRightNow else { throw .ioError }
        }
    }

    /// Asks the store for blocks that follow each other, and puts those that are right into the cache.
    ///
    /// - Parameter target: has room for them.
    /// - Returns: those from the first to the last that is wrong; `nil` where all are right.
    /// - Throws: `EIO` where the store does not give them.
    private func ask(
        for run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ target: FetchTarget,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> Range<Int>? {
        let stored = layout.storedRange(of: run)
        var output = unsafe OutputRawSpan(buffer: target.bytes, initializedCount: 0)
        counters.fetches.count()
        do throws(ObjectStoreError) {
            try await store.get(keys[object], at: UInt64(stored.lowerBound), count: stored.count, into: &output, io)
            guard output.byteCount == stored.count else { throw .damaged("too few bytes of \(keys[object])") }
        } catch {
            counters.failedFetches.count()
            throw error.errno
        }
        counters.fetchedBytes.count(stored.count)
        if let wrong = try keep(run, of: object, layout, target) {
            wrongAnswers.count()
            return wrong
        }
        await disk?.write(output.bytes, of: object, at: stored.lowerBound, io)
        return nil
    }

    /// Checks blocks that follow each other and puts those that are right into the cache.
    ///
    /// - Parameter target: begins with what is stored of them.
    /// - Returns: those from the first to the last that is wrong; `nil` where all are right.
    private func keep(
        _ run: Range<Int>,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ target: FetchTarget
    ) throws(Errno) -> Range<Int>? {
        var position = 0
        var wrong: Range<Int>?
        for (place, index) in run.enumerated() {
            let length = Int(layout.blocks[index].length)
            let stored = unsafe UnsafeRawBufferPointer(rebasing: target.bytes[position..<position + length])
            let key = BlockCache.Key(object: object, index: index)
            if try unsafe !keep(stored, in: target.run?.blocks[place], layout, key) {
                wrong = (wrong?.lowerBound ?? index)..<index + 1
            }
            position += length
        }
        return wrong
    }

    /// Checks a block and puts it into the cache.
    ///
    /// - Parameter block: has the bytes in place; `nil` where they are elsewhere.
    /// - Returns: whether it is right.
    @unsafe
    private func keep(
        _ stored: UnsafeRawBufferPointer,
        in block: Block?,
        _ layout: ObjectLayout,
        _ key: BlockCache.Key
    ) throws(Errno) -> Bool {
        if let block {
            guard unsafe codec.isContent(stored, key.index, of: layout) else { return false }
            cache.show(block, for: key)
            return true
        }
        // Unwritten data takes half of the memory at the most, so there is a block that the cache can do without.
        guard let block = cache.take() else { throw .noMemory }
        let isRight = unsafe block.withMutableBytes { bytes in
            unsafe codec.decode(stored, key.index, of: layout, key.object, into: bytes)
        }
        guard isRight else { return false }
        cache.show(block, for: key)
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
