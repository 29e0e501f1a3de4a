import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// How blocks of objects come into the cache.
@Suite struct ObjectReaderTests {
    /// A store on a directory that remembers what it was asked for, and can damage what it gives.
    private final class WatchedStore: PassingStore {
        let base: DirectoryStore
        /// Bytes of each request that had to wait, and where the first went.
        let requests = Locked<[(bytes: Range<UInt64>, address: UInt)]>([])
        /// Whether what is at hand is given at once.
        let isAtHand = Locked(false)
        /// Bytes of the object that are given wrong, and how often still.
        let damage = Locked<(place: UInt64, times: Int)>((0, 0))

        init(_ base: DirectoryStore) { self.base = base }

        func get(
            _ key: ObjectKey,
            at offset: UInt64,
            count: Int,
            into buffer: inout OutputRawSpan,
            _ io: borrowing AsyncIO
        ) async throws(ObjectStoreError) {
            let range = offset..<offset + UInt64(count)
            let address = unsafe buffer.withUnsafeMutableBytes { bytes, _ in UInt(bitPattern: bytes.baseAddress) }
            requests.withLock { $0.append((range, address)) }
            try await base.get(key, at: offset, count: count, into: &buffer, io)
            let place = damage.withLock { damage in
                guard damage.times > 0, range.contains(damage.place) else { return Int?.none }
                damage.times -= 1
                return Int(damage.place - offset)
            }
            if let place { unsafe buffer.withUnsafeMutableBytes { bytes, _ in unsafe bytes[place] ^= 1 } }
        }

        var getsImmediately: Bool { isAtHand.withLock { $0 } }

        func getImmediately(
            _ key: ObjectKey,
            at offset: UInt64,
            count: Int,
            into buffer: inout OutputRawSpan
        ) -> Bool {
            base.getImmediately(key, at: offset, count: count, into: &buffer)
        }
    }

    /// A volume with a file of blocks that lie far from each other, all in one object and nothing in memory.
    private struct Fixture {
        /// Bytes of the object.
        static let length = 5 * 65_536 + 1000
        /// Bytes of the file from one block to the next.
        static let distance = 16 << 20
        let directory = VolumeFixture()
        let store: WatchedStore
        let volume: Volume
        let object: ObjectNumber
        let file: StoredFile
        let content = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 16) }

        init(_ compression: VolumeDescription.Compression = .none) async throws {
            var description = VolumeFixture.description()
            description.compression = compression
            try await SQLiteEngine.format(directory.path, description)
            let objects = try DirectoryStore(FilePath(directory.directory).appending("objects"), creates: true)
            store = WatchedStore(objects)
            let engine = try await SQLiteEngine.open(directory.path) { Issue.record("\($0)") }
            let writing = try Volume(engine: engine, store: store, background: try BackgroundWorker())
            let id = try await MetadataCalls(engine).make("file").id
            var pack = Pack(blockSize: writing.blockSize)
            let isAdded = unsafe content.withUnsafeBytes { unsafe pack.append($0, writing.cache.take) }
            #expect(isAdded)
            object = try await engine.reserveObjects(1).lowerBound
            let record = try await writing.writer.put(
                pack.blocks, byteCount: Self.length, as: object, AsyncIO(sharedEngine))
            var change = ContentChange(of: id)
            change.size = UInt64(6 * Self.distance)
            change.objects = [record]
            change.extents = Self.extents(of: object)
            _ = try await engine.commit([change], durably: false)
            await writing.background.shutDown()
            volume = try Volume(engine: engine, store: store, background: try BackgroundWorker())
            file = StoredFile(try engine.node(id), blockSize: volume.blockSize)
            try await volume.loadExtents(of: file)
            store.requests.withLock { $0 = [] }
        }

        private static func extents(of object: ObjectNumber) -> [Extent] {
            (0..<6).map { block in
                let start = block * 65_536
                return Extent(
                    offset: UInt64(block * distance), length: UInt64(min(65_536, length - start)),
                    place: .object(object, offset: UInt64(start)))
            }
        }

        /// Has blocks fetched.
        func fetch(_ blocks: Range<Int>) async throws {
            let bytes = UInt64(blocks.lowerBound * 65_536)..<UInt64(min(blocks.upperBound * 65_536, Self.length))
            try await volume.reader.fetch(bytes, of: object, AsyncIO(sharedEngine))
        }

        /// The content of a block as the cache has it.
        func cached(_ index: Int) -> [UInt8]? {
            let start = index * 65_536
            let count = min(65_536, Self.length - start)
            return volume.cache.block(BlockCache.Key(object: object, index: index)).map { Array($0.bytes(0..<count)) }
        }

        /// What it should be.
        func content(_ index: Int) -> [UInt8] {
            Array(content[index * 65_536..<min((index + 1) * 65_536, Self.length)])
        }

        /// What is read from the file, and whether it was answered at once.
        func read(_ offset: Int, _ count: Int) async throws -> (bytes: [UInt8], isImmediate: Bool) {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
            defer { unsafe memory.deallocate() }
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            let isImmediate = volume.readImmediately(file, at: UInt64(offset), into: &output)
            if !isImmediate { try await volume.read(file, at: UInt64(offset), into: &output, AsyncIO(sharedEngine)) }
            let length = unsafe output.finalize(for: memory)
            return ((0..<length).map { unsafe memory[$0] }, isImmediate)
        }

        func close() async throws {
            await volume.close()
            _ = try Spawn.run(["rm", "-r", "\(directory.directory)/objects"])
        }
    }

    /// What is content as it is stored is received where it stays: all of it with one request.
    @Test func receivesBlocksInPlace() async throws {
        let fixture = try await Fixture()
        try await fixture.fetch(0..<6)
        for index in 0..<6 { #expect(fixture.cached(index) == fixture.content(index), "block \(index)") }
        let block = try #require(fixture.volume.cache.block(BlockCache.Key(object: fixture.object, index: 0)))
        let address = unsafe block.withMutableBytes { UInt(bitPattern: $0.baseAddress) }
        let requests = fixture.store.requests.withLock { $0 }
        #expect(requests.map(\.bytes) == [0..<UInt64(Fixture.length)])
        #expect(requests.first?.address == address)
        try await fixture.close()
    }

    /// Where no blocks lie side by side, and where blocks are compressed, they go through a buffer.
    @Test(arguments: [VolumeDescription.Compression.none, .lz4, .zstd])
    func copiesWhatCannotStay(_ compression: VolumeDescription.Compression) async throws {
        let fixture = try await Fixture(compression)
        // Each second block is somebody's.
        let cache = fixture.volume.cache
        var blocks = try (0..<cache.slotCount).map { _ in try #require(cache.take()) }.sorted { $0.slot < $1.slot }
        blocks = blocks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        #expect(cache.takeRun(2) == nil)
        try await fixture.fetch(0..<6)
        for index in 0..<6 { #expect(fixture.cached(index) == fixture.content(index), "block \(index)") }
        #expect(fixture.store.requests.withLock { $0.count } == 1)
        withExtendedLifetime(blocks) {}
        try await fixture.close()
    }

    /// A block that is wrong is asked for once more, alone; what is wrong twice is nobody's, and the others are there.
    @Test(arguments: [1, 2]) func asksAgainForWhatIsWrong(_ times: Int) async throws {
        let fixture = try await Fixture()
        fixture.store.damage.withLock { $0 = (2 * 65_536 + 7, times) }
        if times == 1 {
            try await fixture.fetch(0..<6)
        } else {
            await #expect(throws: Errno.ioError) { try await fixture.fetch(0..<6) }
        }
        #expect(
            fixture.store.requests.withLock { $0.map(\.bytes) } == [0..<UInt64(Fixture.length), 131_072..<196_608])
        for index in 0..<6 {
            let isLost = index == 2 && times == 2
            #expect(fixture.cached(index) == (isLost ? nil : fixture.content(index)), "block \(index)")
        }
        // What was received wrong has given its memory back.
        let others = try (fixture.volume.cache.count..<fixture.volume.cache.slotCount).map { _ in
            try #require(fixture.volume.cache.take())
        }
        #expect(fixture.volume.cache.count + others.count == fixture.volume.cache.slotCount)
        try await fixture.close()
    }

    /// A reader that jumps about has the blocks fetched that it reads, and no others.
    @Test(arguments: [false, true]) func fetchesWhatIsReadAtRandom(_ isAtHand: Bool) async throws {
        let fixture = try await Fixture()
        fixture.store.isAtHand.withLock { $0 = isAtHand }
        // The layout of the object is known from now on.
        try await fixture.fetch(5..<6)
        for block in [4, 0, 3] {
            let (bytes, isImmediate) = try await fixture.read(block * Fixture.distance + 5000, 4096)
            #expect(bytes == Array(fixture.content[block * 65_536 + 5000..<block * 65_536 + 9096]))
            #expect(isImmediate == isAtHand)
        }
        try await fixture.close()
        #expect(fixture.volume.counters.fetchedBytes.now == 1000 + 3 * 65_536)
        #expect(fixture.volume.counters.fetches.now == 4)
        #expect(fixture.store.requests.withLock { $0.count } == (isAtHand ? 1 : 4))
    }

    /// A mount that has lost its volume reads nothing from the store any more, also where it is at hand.
    @Test func fetchesNothingForALostVolume() async throws {
        let fixture = try await Fixture()
        fixture.store.isAtHand.withLock { $0 = true }
        try await fixture.fetch(5..<6)
        #expect(try await fixture.read(0, 4096).isImmediate)
        fixture.volume.giveUp()
        await #expect(throws: Errno.staleNFSFileHandle) { try await fixture.read(Fixture.distance, 4096) }
        #expect(fixture.volume.counters.fetches.now == 2)
        try await fixture.close()
    }
}
