internal import RingFUSE
internal import SystemPackage

/// Puts what was written into objects.
final class ObjectWriter: Sendable {
    private let engine: any MetadataEngine
    private let store: any ObjectStore
    private let keys: ObjectKeys
    private let staging: StagingBuffers
    private let objectSize: Int
    private let blockSize: Int
    private let codec: BlockCodec
    private let counters: VolumeCounters

    init(
        engine: any MetadataEngine,
        store: any ObjectStore,
        keys: ObjectKeys,
        staging: StagingBuffers,
        key: VolumeKey?,
        counters: VolumeCounters
    ) {
        self.engine = engine
        self.counters = counters
        self.store = store
        self.keys = keys
        self.staging = staging
        objectSize = Int(engine.volume.objectSize)
        blockSize = Int(engine.volume.blockSize)
        codec = BlockCodec(compression: engine.volume.compression, key: key)
    }

    /// A part of an object: bytes of a block of memory, and their place in the file.
    private struct Piece {
        var block: Block
        var range: Range<Int>
        var offset: UInt64
    }

    /// Stores what was written as objects, and adds them and the extents to a change.
    ///
    /// The numbers that were reserved stay pending where it fails, and are garbage when the session is over.
    func store(
        _ content: DirtyMap,
        into change: inout ContentChange,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) {
        let objects = divide(content)
        var numbers = try await VolumeFailure.ofEngine { () async throws(Errno) in
            try await engine.reserveObjects(objects.count)
        }
        for pieces in objects {
            let number = numbers.lowerBound
            numbers = number + 1..<numbers.upperBound
            change.objects.append(try await put(pieces, as: number, io))
            var position: UInt64 = 0
            for piece in pieces {
                change.extents.append(
                    Extent(
                        offset: piece.offset, length: UInt64(piece.range.count),
                        place: .object(number, offset: position)))
                position += UInt64(piece.range.count)
            }
        }
        change.extents = Self.joined(change.extents)
    }

    /// Divides what was written into objects of the volume's size.
    private func divide(_ content: DirtyMap) -> [[Piece]] {
        var objects: [[Piece]] = []
        var room = 0
        for chunk in content.chunks {
            let start = chunk.index * UInt64(content.blockSize)
            for range in chunk.ranges {
                var range = range
                while !range.isEmpty {
                    if room == 0 {
                        objects.append([])
                        room = objectSize
                    }
                    let part = range.prefix(room)
                    objects[objects.count - 1].append(
                        Piece(block: chunk.block, range: part, offset: start + UInt64(part.lowerBound)))
                    room -= part.count
                    range = part.upperBound..<range.upperBound
                }
            }
        }
        return objects
    }

    /// Stores bytes that fill blocks one after another as one object.
    func put(
        _ blocks: [Block],
        byteCount: Int,
        as number: ObjectNumber,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) -> ObjectRecord {
        let pieces = blocks.enumerated().map { index, block in
            Piece(block: block, range: 0..<min(blockSize, byteCount - index * blockSize), offset: 0)
        }
        return try await put(pieces, as: number, io)
    }

    /// Stores an object.
    private func put(
        _ pieces: [Piece],
        as number: ObjectNumber,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) -> ObjectRecord {
        try await staging.withBuffer { (buffer) async throws(VolumeFailure) -> ObjectRecord in
            let length = unsafe Self.gather(pieces, into: buffer.bytes)
            let layout = unsafe codec.encode(buffer.bytes, length: length, blockSize: blockSize, as: number)
            let stored = layout.storedRange(of: layout.blocks.indices).count
            do throws(ObjectStoreError) {
                let body = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<stored]))
                try await store.put(keys[number], body, io)
            } catch {
                counters.failedStores.count()
                throw .store(error)
            }
            counters.stores.count()
            counters.storedBytes.count(stored)
            return ObjectRecord(number: number, length: UInt64(length), layout: layout.encoded)
        }
    }

    /// Puts pieces one after another.
    ///
    /// - Returns: how many bytes they have.
    @unsafe
    private static func gather(_ pieces: [Piece], into bytes: UnsafeMutableRawBufferPointer) -> Int {
        var output = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
        for piece in pieces { piece.block.append(piece.range, to: &output) }
        return unsafe output.finalize(for: bytes)
    }

    /// Extents with those that continue each other made one.
    private static func joined(_ extents: [Extent]) -> [Extent] {
        var joined: [Extent] = []
        for extent in extents {
            if let last = joined.last, last.range.upperBound == extent.offset,
                case .object(let number, let start) = last.place,
                case .object(number, start + last.length) = extent.place
            {
                joined[joined.count - 1].length += extent.length
            } else {
                joined.append(extent)
            }
        }
        return joined
    }
}
