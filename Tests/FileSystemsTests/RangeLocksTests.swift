import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

/// Ranges of locks, held against what the kernel does with the same calls on a local file.
@Suite struct RangeLocksTests {
    private typealias Lock = RangeLocks.Lock

    /// Descriptors of one file of the machine's own, each with locks of its own (OFD).
    private final class LocalFile {
        let files: [FileDescriptor]

        init(owners: Int) throws {
            let name = FilePath("/tmp/ringfuse-locks-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
            files = try (0..<owners).map { _ in
                try FileDescriptor.open(
                    name, .readWrite, options: .create, permissions: [.ownerRead, .ownerWrite])
            }
            _ = unsafe unlink(name.string)
        }

        deinit { for file in files { try? file.close() } }

        /// `F_OFD_SETLK`. Returns whether the lock was had.
        func set(_ lock: Lock) -> Bool {
            var request = Self.request(lock)
            return unsafe fcntl(files[Int(lock.owner)].rawValue, 37, &request) == 0
        }

        /// `F_OFD_GETLK`: a lock that stands in the way.
        func conflict(with lock: Lock) -> (kind: FileLock.Kind, start: UInt64, end: UInt64)? {
            var request = Self.request(lock)
            guard unsafe fcntl(files[Int(lock.owner)].rawValue, 36, &request) == 0, request.l_type != F_UNLCK
            else { return nil }
            let start = UInt64(request.l_start)
            return (
                request.l_type == F_WRLCK ? .write : .read, start,
                request.l_len == 0 ? UInt64(Int64.max) : start + UInt64(request.l_len) - 1
            )
        }

        private static func request(_ lock: Lock) -> flock {
            var request = flock()
            request.l_type = Int16([F_RDLCK, F_WRLCK, F_UNLCK][Int(lock.kind.rawValue)])
            request.l_whence = Int16(SEEK_SET)
            request.l_start = Int(lock.start)
            request.l_len = lock.end == UInt64(Int64.max) ? 0 : Int(lock.end - lock.start + 1)
            return request
        }
    }

    private func lock(_ kind: FileLock.Kind, _ start: UInt64, _ end: UInt64, by owner: UInt64) -> Lock {
        Lock(kind: kind, start: start, end: end, owner: owner, processID: 0, handle: .none)
    }

    /// Bytes that the locks of a test lie among; some reach to the end of the file.
    private static let width: UInt64 = 24

    private func random(_ random: inout Seeded, owners: UInt64) -> Lock {
        let start = UInt64.random(in: 0..<Self.width, using: &random)
        let end =
            Int.random(in: 0..<8, using: &random) == 0
            ? UInt64(Int64.max) : UInt64.random(in: start..<Self.width, using: &random)
        let kind = FileLock.Kind(rawValue: UInt32.random(in: 0...2, using: &random)) ?? .unlock
        return lock(kind, start, end, by: UInt64.random(in: 0..<owners, using: &random))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func agreesWithTheKernel(seed: UInt64) throws {
        let owners: UInt64 = 3
        let file = try LocalFile(owners: Int(owners))
        var random = Seeded(seed: seed)
        var ranges = RangeLocks()
        var given = 0
        for step in 0..<1500 {
            let wanted = self.random(&random, owners: owners)
            let isFree = ranges.conflict(with: wanted) == nil
            try #require(file.set(wanted) == isFree, "seed \(seed), step \(step): \(wanted)")
            if isFree { ranges.set(wanted) }
            given += isFree && wanted.kind != .unlock ? 1 : 0
            try compare(ranges, file, owners: owners, "seed \(seed), step \(step), after \(wanted)")
        }
        #expect(given > 300, "hardly a lock was given: nothing is shown")
    }

    /// Who holds what, byte by byte, is the same; and where one lock alone stands in the way, so are its bounds.
    private func compare(_ ranges: RangeLocks, _ file: LocalFile, owners: UInt64, _ place: String) throws {
        for owner in 0..<owners {
            for byte in 0...Self.width {
                for kind in [FileLock.Kind.read, .write] {
                    let probe = lock(kind, byte, byte, by: owner)
                    let ours = ranges.locks.filter { $0.excludes(probe) }
                    let theirs = file.conflict(with: probe)
                    try #require(ours.isEmpty == (theirs == nil), "byte \(byte) for \(owner), \(place)")
                    guard ours.count == 1, let theirs else { continue }
                    try #require(
                        (ours[0].kind, ours[0].start, ours[0].end) == theirs, "byte \(byte) for \(owner), \(place)")
                }
            }
        }
    }

    @Test func splitsAndMerges() {
        var ranges = RangeLocks()
        ranges.set(lock(.write, 0, 99, by: 1))
        ranges.set(lock(.unlock, 40, 59, by: 1))
        #expect(ranges.locks.map { [$0.start, $0.end] } == [[0, 39], [60, 99]])
        ranges.set(lock(.read, 10, 10, by: 1))
        #expect(ranges.count == 4)
        ranges.set(lock(.write, 10, 59, by: 1))
        #expect(ranges.locks.map { [$0.start, $0.end] } == [[0, 99]])
        // Another owner's neighbour stays by itself.
        ranges.set(lock(.write, 100, UInt64(Int64.max), by: 2))
        #expect(ranges.count == 2)
        #expect(ranges.owners(excluding: lock(.read, 90, 110, by: 3)) == [1, 2])
        ranges.set(lock(.unlock, 0, UInt64(Int64.max), by: 1))
        ranges.set(lock(.unlock, 0, UInt64(Int64.max), by: 2))
        #expect(ranges.isEmpty)
    }
}
