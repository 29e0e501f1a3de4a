public import RingFUSE
internal import SystemPackage

/// Compares what the metadata says of objects with what is in the store.
public struct ObjectCheck: Sendable {
    /// Something that does not fit.
    public enum Finding: Sendable, Hashable, CustomStringConvertible {
        /// An object is not in the store: what files have in it is lost.
        case missing(ObjectKey)
        /// An object has another size than it should have.
        case size(ObjectKey, UInt64, expected: UInt64)
        /// A block of an object is not what was written.
        case damaged(ObjectKey, offset: UInt64)
        /// The metadata of an object make no sense.
        case layout(ObjectKey)
        /// An object that nobody knows: of a session that did not end well, or not of this volume.
        case unknown(ObjectKey)

        /// One line.
        public var description: String {
            switch self {
            case .missing(let key): "\(key) is missing from the store"
            case .size(let key, let size, let expected): "\(key) has \(size) bytes instead of \(expected)"
            case .damaged(let key, let offset): "\(key) is damaged in the block at \(offset)"
            case .layout(let key): "\(key) has a layout that makes no sense"
            case .unknown(let key): "\(key) is not known to the metadata"
            }
        }

        /// Whether bytes of files are lost.
        public var isLoss: Bool {
            if case .unknown = self { return false }
            return true
        }
    }

    private let engine: any MetadataEngine
    private let store: any ObjectStore
    private let keys: ObjectKeys
    private let codec: BlockCodec

    /// Objects that are asked for at a time.
    private static let batch = 1000

    /// The check of a volume.
    ///
    /// - Parameter key: an encrypted volume's; without it, blocks cannot be read.
    public init(engine: any MetadataEngine, store: any ObjectStore, key: VolumeKey? = nil) {
        self.engine = engine
        self.store = store
        keys = ObjectKeys(volume: engine.volume.identifier)
        codec = BlockCodec(compression: engine.volume.compression, key: key)
    }

    /// Looks whether each object is there, with the right size; and reads all of it where that is wanted.
    ///
    /// - Parameters:
    ///   - scrubs: whether to read objects and compare checksums.
    ///   - found: gets what does not fit.
    ///   - progress: told how many have been looked at.
    /// - Returns: how many objects there are.
    public func run(
        scrubs: Bool,
        _ io: borrowing AsyncIO,
        found: (Finding) -> Void,
        progress: (Int) -> Void
    ) async throws(VolumeFailure) -> Int {
        var count = 0
        var after: ObjectNumber = 0
        while !Task.isCancelled {
            let number = after
            let objects = try await VolumeFailure.ofEngine { () async throws(Errno) in
                try await engine.objects(after: number, limit: Self.batch)
            }
            guard let last = objects.last else { break }
            for object in objects {
                try await check(object, scrubs: scrubs, io, found)
                count += 1
                progress(count)
            }
            after = last.number
        }
        return count
    }

    private func check(
        _ object: ObjectRecord,
        scrubs: Bool,
        _ io: borrowing AsyncIO,
        _ found: (Finding) -> Void
    ) async throws(VolumeFailure) {
        let key = keys[object.number]
        guard let layout = ObjectLayout(of: object) else { return found(.layout(key)) }
        let expected = UInt64(layout.storedRange(of: 0..<layout.blocks.count).upperBound)
        do throws(ObjectStoreError) {
            guard let size = try await store.size(of: key, io) else { throw .missing(key) }
            guard size == expected else { return found(.size(key, size, expected: expected)) }
            guard scrubs else { return }
            for index in layout.blocks.indices where try await !isRight(index, of: object.number, layout, io) {
                found(.damaged(key, offset: UInt64(index * layout.blockSize)))
            }
        } catch .missing {
            // Mounts may have moved or removed what was in it, and the object, since its number was read.
            if try await isInUse(object.number) { found(.missing(key)) }
        } catch {
            throw .store(error)
        }
    }

    /// Whether extents refer to an object.
    private func isInUse(_ object: ObjectNumber) async throws(VolumeFailure) -> Bool {
        do throws(Errno) {
            _ = try await engine.object(object)
            return true
        } catch .staleNFSFileHandle {
            return false
        } catch {
            throw .engine(error)
        }
    }

    /// Whether a block is what was written.
    private func isRight(
        _ index: Int,
        of object: ObjectNumber,
        _ layout: ObjectLayout,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> Bool {
        let range = layout.storedRange(of: index..<index + 1)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { unsafe bytes.deallocate() }
        var output = unsafe OutputRawSpan(buffer: bytes, initializedCount: 0)
        try await store.get(keys[object], at: UInt64(range.lowerBound), count: range.count, into: &output, io)
        let content = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.blockSize, alignment: 16)
        defer { unsafe content.deallocate() }
        return unsafe codec.decode(UnsafeRawBufferPointer(bytes), index, of: layout, object, into: content)
    }
}
