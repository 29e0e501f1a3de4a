import NetworkStore
import RingFUSE
import SystemPackage
import Testing

/// Disks that are full, or may not be written.
@Suite(.enabled(if: SmallDisk.isPossible)) struct SQLiteDiskTests {
    @Test func readOnlyDisksAreOnlyRead() async throws {
        let disk = SmallDisk(size: "4M")
        let path = disk.directory + "/volume.db"
        try await SQLiteEngine.format(path, VolumeFixture.description())
        let engine = try await SQLiteEngine.open(path)
        let file = try await MetadataCalls(engine).make("file")
        await engine.close()
        disk.makeReadOnly()
        await #expect(throws: VolumeError.readOnly(path: path)) { try await SQLiteEngine.open(path) }
        let reader = try await SQLiteEngine.openForReading(path)
        #expect(try reader.node(file.id) == file)
        #expect(try await reader.check() == [])
        await reader.close()
        await #expect(throws: VolumeError.self) {
            try await SQLiteEngine.format(disk.directory + "/another.db", VolumeFixture.description())
        }
    }

    @Test func fullDisksAreENOSPC() async throws {
        let disk = SmallDisk(size: "6M")
        let path = disk.directory + "/volume.db"
        try await SQLiteEngine.format(path, VolumeFixture.description())
        let told = Locked(0)
        let engine = try await SQLiteEngine.open(path) { _ in told.withLock { $0 += 1 } }
        let calls = MetadataCalls(engine)
        let file = try await calls.make("file").id
        let bytes = ContiguousArray<UInt8>(repeating: 7, count: 64 << 10)
        var written = 0
        var failure: Errno?
        while failure == nil, written < 1000 {
            failure = await Self.write(bytes, UInt64(written), to: file, calls)
            if failure == nil { written += 1 }
        }
        #expect(failure == .noSpace)
        #expect(told.withLock { $0 } > 0)
        // All that was acknowledged is there, and nothing of what was not.
        #expect(try await calls.node(file).attributes.size == UInt64(written * bytes.count))
        #expect(try await engine.check() == [])
        await engine.close()
        let again = try await SQLiteEngine.openForReading(path)
        #expect(try again.node(file).attributes.size == UInt64(written * bytes.count))
        #expect(try await again.check() == [])
        await again.close()
    }

    private static func write(
        _ bytes: ContiguousArray<UInt8>,
        _ index: UInt64,
        to file: NodeID,
        _ calls: MetadataCalls
    ) async -> Errno? {
        await errno {
            try await calls.commit(file) {
                let count = UInt64(bytes.count)
                $0.extents = [Extent(offset: index * count, length: count, place: .inline(bytes))]
            }
        }
    }
}
