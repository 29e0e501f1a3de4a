internal import FileSystems
public import RingFUSE
internal import SystemPackage

/// Moves bytes to where they lie well, in the background: content that is in the metadata, once its file has been left alone, many
/// files' into one object; what is left in objects of which most is dead; and what was written here and there and would be read
/// in many small pieces.
///
/// It looks through all extents, some at a time. Nobody notices but by what is read from where: a file that has changed since its
/// bytes were read stays as it is, and what is not committed lies over all of it.
public struct Compactor: Sendable {
    /// What is moved.
    public struct Policy: Sendable {
        /// How long a file must have been left alone before its content leaves the metadata, in seconds.
        public var patience: Int64 = 3600
        /// The least bytes that are worth an object.
        public var leastObject = 1 << 20

        /// The usual.
        public init() {}
    }

    /// How far a turn has got.
    public struct Progress: Sendable, Equatable {
        /// Extents that were looked at.
        public var extents = 0
        /// Bytes that were moved.
        public var bytes: UInt64 = 0
        /// Files that they are of.
        public var files = 0
        /// Whether it has got to the end of the volume; the next turn begins anew.
        public var isComplete = false

        /// Nothing yet.
        public init() {}
    }

    /// Extents that are asked for at a time: up to 4 MiB of content.
    static let batch = 128
    /// Extents that become one object at the most: their files are changed in one transaction, for which others wait.
    private static let packLimit = 1024
    /// Neighbours in a file that are smaller than a block, and not one in their object, before they are made one.
    static let fragmentLimit = 32

    private let volume: Volume
    private let policy: Policy
    private let capacity: Int
    private var position = ExtentPosition.start

    /// The compactor of a volume that is open for writing.
    public init(_ volume: Volume, _ policy: Policy = Policy()) {
        self.volume = volume
        self.policy = policy
        // Of the memory a quarter at the most, beside what is unwritten and what is being read.
        capacity = min(Int(volume.description.objectSize), volume.cache.slotCount / 4 * volume.blockSize)
    }

    /// Looks through part of the volume, from where the last turn has ended.
    ///
    /// - Parameters:
    ///   - extents: the most that are looked at.
    ///   - bytes: about the most that are moved.
    ///   - moved: told of each file whose bytes are elsewhere now.
    public mutating func run(
        extents: Int = .max,
        bytes: UInt64 = .max,
        _ io: borrowing AsyncIO,
        moved: (NodeID) -> Void
    ) async throws(VolumeFailure) -> Progress {
        var progress = Progress()
        var pack = Pack(blockSize: volume.blockSize)
        while progress.extents < extents, progress.bytes < bytes, volume.isOpen, !Task.isCancelled {
            let scanned = try await scan()
            // Nothing of it need have waited for anything, and what is fetched for readers is on this thread, too.
            await Task.yield()
            for index in Self.misplaced(scanned, blockSize: UInt64(volume.blockSize)) {
                let extent = scanned[index]
                if pack.byteCount + Int(extent.length) > capacity || pack.extentCount >= Self.packLimit {
                    try await store(&pack, &progress, io, moved)
                }
                guard extent.length <= UInt64(capacity) else { continue }
                try await read(extent, into: &pack, io)
                if case .object = extent.place { await Task.yield() }
            }
            progress.extents += scanned.count
            if let last = scanned.last { position = last.position }
            if scanned.count < Self.batch {
                position = .start
                progress.isComplete = true
                break
            }
        }
        if pack.byteCount >= policy.leastObject { try await store(&pack, &progress, io, moved) }
        return progress
    }

    /// Which of some extents in order lie badly.
    static func misplaced(_ scanned: [ScannedExtent], blockSize: UInt64) -> [Int] {
        var found: [Int] = []
        var fragments: [Int] = []
        /// Ends a run of fragments.
        func settle() {
            if fragments.count >= fragmentLimit { found += fragments }
            fragments = []
        }
        for (index, extent) in scanned.enumerated() {
            if let last = fragments.last, !extent.continues(scanned[last]) { settle() }
            switch extent.place {
            case .inline: found.append(index)
            case .object(_, _, let length, let live) where live < length / 2: found.append(index)
            case .object where extent.length < blockSize: fragments.append(index)
            case .object, .zeros, .untold: break
            }
        }
        settle()
        return found.sorted()
    }

    private func scan() async throws(VolumeFailure) -> [ScannedExtent] {
        let before = Timestamp.now.seconds - policy.patience
        let position = position
        return try await VolumeFailure.ofEngine { () async throws(Errno) in
            try await volume.engine.scanExtents(after: position, limit: Self.batch, unchangedSince: before)
        }
    }

    /// Adds the bytes of an extent to a pack, unless they cannot be had: then they stay where they are.
    private func read(
        _ extent: ScannedExtent,
        into pack: inout Pack,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) {
        let count = pack.byteCount
        let isRead: Bool
        switch extent.place {
        case .inline(let bytes):
            isRead = unsafe bytes.withUnsafeBytes { unsafe pack.append($0, volume.cache.take) }
        case .object(let number, let start, _, _):
            isRead = await read(start..<start + extent.length, of: number, into: &pack, io)
        case .zeros, .untold: isRead = false
        }
        guard isRead else { return pack.drop(to: count) }
        pack.note(extent)
    }

    /// Adds bytes of an object to a pack.
    ///
    /// - Returns: false where they cannot be had, which whoever reads the file is told.
    private func read(
        _ range: Range<UInt64>,
        of object: ObjectNumber,
        into pack: inout Pack,
        _ io: borrowing AsyncIO
    ) async -> Bool {
        do throws(Errno) {
            try await volume.reader.fetch(range, of: object, io)
        } catch {
            return false
        }
        let size = UInt64(volume.blockSize)
        var position = range.lowerBound
        while position < range.upperBound {
            let index = position / size
            let end = min((index + 1) * size, range.upperBound)
            let key = BlockCache.Key(object: object, index: Int(index))
            guard let block = volume.cache.block(key) else { return false }
            let part = Int(position - index * size)..<Int(end - index * size)
            let isAdded = unsafe block.withMutableBytes {
                unsafe pack.append(UnsafeRawBufferPointer(rebasing: $0[part]), volume.cache.take)
            }
            guard isAdded else { return false }
            position = end
        }
        return true
    }

    /// Stores a pack as an object and has the files refer to it.
    private func store(
        _ pack: inout Pack,
        _ progress: inout Progress,
        _ io: borrowing AsyncIO,
        _ moved: (NodeID) -> Void
    ) async throws(VolumeFailure) {
        guard !pack.parts.isEmpty else { return }
        defer { pack = Pack(blockSize: volume.blockSize) }
        let number = try await VolumeFailure.ofEngine { () async throws(Errno) in
            try await volume.engine.reserveObjects(1).lowerBound
        }
        // Where this fails the number stays pending, and is garbage when the session is over.
        let object = try await volume.writer.put(pack.blocks, byteCount: pack.byteCount, as: number, io)
        if let layout = ObjectLayout(of: object) { volume.reader.remember(layout, of: number) }
        let changes = pack.changes(object)
        let records = try await VolumeFailure.ofEngine { () async throws(Errno) in
            try await volume.engine.commit(changes, durably: false)
        }
        for (change, record) in zip(changes, records) where record != nil {
            moved(change.file)
            progress.files += 1
            progress.bytes += change.extents.reduce(0) { $0 + $1.length }
        }
    }
}

extension ScannedExtent {
    /// Whether it goes on in the file where another ends.
    fileprivate func continues(_ other: ScannedExtent) -> Bool {
        file == other.file && other.offset + other.length == offset
    }
}
