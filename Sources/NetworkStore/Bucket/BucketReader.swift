internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// Fetches blocks of a bucket's objects into the cache, each once however many ask for it.
final class BucketReader: Sendable {
    private let client: BucketClient
    private let cache: BlockCache
    private let disk: DiskCache?
    private let staging: StagingBuffers
    private let claims: BlockClaims

    /// Bytes of content in a block.
    private static let blockSize = Bucket.blockSize

    init(_ client: BucketClient, cache: BlockCache, disk: DiskCache?, staging: StagingBuffers) {
        self.client = client
        self.cache = cache
        self.disk = disk
        self.staging = staging
        claims = BlockClaims(cache)
    }

    /// Sees to it that blocks are in the cache, at least for a moment.
    ///
    /// - Parameter range: bytes of the object; not empty.
    /// - Throws: ``BucketFailure/changed`` where the object is another one now; ``BucketFailure/failed(_:)``.
    func fetch(_ range: Range<UInt64>, of source: BucketSource, _ io: borrowing AsyncIO) async throws(BucketFailure) {
        let indices =
            Int(range.lowerBound) / Self.blockSize..<(Int(range.upperBound) - 1) / Self.blockSize + 1
        try await claims.fetch(indices, of: source.number) { (run) async throws(BucketFailure) in
            var rest = run
            while !rest.isEmpty {
                let part = rest.prefix(Bucket.fetchSize / Self.blockSize)
                try await fetch(part, of: source, io)
                rest = part.upperBound..<rest.upperBound
            }
        }
    }

    /// Fetches blocks that follow each other: from the disk as many as it has, the others in one request.
    private func fetch(
        _ run: Range<Int>,
        of source: BucketSource,
        _ io: borrowing AsyncIO
    ) async throws(BucketFailure) {
        try await staging.withBuffer { (buffer) async throws(BucketFailure) in
            var run = run
            while let first = run.first, await isOnDisk(first, of: source, buffer, io) { run = run.dropFirst() }
            guard !run.isEmpty else { return }
            let range = Self.range(run, of: source)
            let target = FetchTarget(run.count, of: cache, or: buffer, of: staging)
            // Blocks that are shown may leave the cache while they are being written to the disk.
            defer { withExtendedLifetime(target) {} }
            let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: target.bytes[..<range.count])
            try await unsafe client.get(source, range, into: memory, io)
            for (place, index) in run.enumerated() {
                let part = Self.range(index..<index + 1, of: source)
                let start = Int(part.lowerBound - range.lowerBound)
                let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(memory))
                    .extracting(start..<start + part.count)
                let key = BlockCache.Key(object: source.number, index: index)
                if let block = target.run?.blocks[place] {
                    cache.show(block, for: key)
                } else {
                    await keep(bytes, key, io)
                }
                await disk?.write(sealed: bytes, index, of: source, io)
            }
        }
    }

    /// Puts bytes into the cache.
    private func keep(_ bytes: RawSpan, _ key: BlockCache.Key, _ io: borrowing AsyncIO) async {
        while true {
            if let block = cache.take() {
                block.copy(bytes, to: 0)
                return cache.show(block, for: key)
            }
            // All of the cache is being read this moment, by others.
            do throws(Errno) { try await io.sleep(for: .milliseconds(1)) } catch { return }
        }
    }

    /// Takes a block from the disk.
    ///
    /// - Parameter buffer: memory to read it into.
    private func isOnDisk(
        _ index: Int,
        of source: BucketSource,
        _ buffer: borrowing StagingBuffer,
        _ io: borrowing AsyncIO
    ) async -> Bool {
        guard let disk else { return false }
        let length = Self.range(index..<index + 1, of: source).count
        var output = unsafe OutputRawSpan(buffer: buffer.bytes, initializedCount: 0)
        guard await disk.read(sealed: index, length, of: source, into: &output, io) else { return false }
        await keep(output.bytes.extracting(first: length), BlockCache.Key(object: source.number, index: index), io)
        return true
    }

    /// The bytes of blocks.
    private static func range(_ run: Range<Int>, of source: BucketSource) -> Range<UInt64> {
        UInt64(run.lowerBound * blockSize)..<min(UInt64(run.upperBound * blockSize), source.object.size)
    }
}

extension DiskCache {
    /// Bytes that a block has behind it on disk: a checksum, and part of the object's identity.
    private static var sealSize: Int { 32 }

    /// Keeps a block of an object whose checksum nobody else knows.
    fileprivate func write(
        sealed bytes: RawSpan,
        _ index: Int,
        of source: BucketSource,
        _ io: borrowing AsyncIO
    ) async {
        let place = index * (Bucket.blockSize + Self.sealSize)
        let seal = Self.seal(bytes, source)
        await write(bytes, of: source.number, at: place, io)
        // A block whose seal is missing is not there.
        await write(RawSpan(_elements: seal.span), of: source.number, at: place + bytes.byteCount, io)
    }

    /// Reads a block, and whether it is the one that is wanted.
    fileprivate func read(
        sealed index: Int,
        _ length: Int,
        of source: BucketSource,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async -> Bool {
        let place = index * (Bucket.blockSize + Self.sealSize)
        guard await read(place..<place + length + Self.sealSize, of: source.number, into: &buffer, io) else {
            return false
        }
        let bytes = buffer.bytes
        let seal = Self.seal(bytes.extracting(first: length), source)
        let found = bytes.extracting(last: Self.sealSize)
        return unsafe found.withUnsafeBytes { unsafe $0.elementsEqual(seal) }
    }

    private static func seal(_ bytes: RawSpan, _ source: BucketSource) -> ContiguousArray<UInt8> {
        let checksum = bytes.checksum
        return ContiguousArray((0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) })
            + source.identity.suffix(sealSize - 4)
    }
}
