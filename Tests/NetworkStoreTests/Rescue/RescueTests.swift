import Foundation
import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What is saved aside of files, byte by byte.
@Suite struct RescueTests {
    private static let blockSize = 4096

    /// A directory that does not exist yet, and memory for blocks.
    private struct Fixture {
        let path = FilePath("/tmp/ringfuse-rescue-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        let memory: BlockMemory

        init() throws { memory = try BlockMemory(byteCount: 256 * blockSize, blockSize: blockSize) }

        func remove() { try? FileManager.default.removeItem(atPath: path.string) }

        /// What is saved, by names.
        var files: [String: [UInt8]] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []
            return names.reduce(into: [:]) { files, name in
                files[name] = FileManager.default.contents(atPath: "\(path)/\(name)").map { Array($0) }
            }
        }

        /// Bytes in blocks of memory.
        func map(_ parts: [(offset: Int, count: Int, byte: UInt8)]) -> DirtyMap {
            var map = DirtyMap(blockSize: blockSize)
            for (offset, count, byte) in parts {
                var (position, end) = (offset, offset + count)
                while position < end {
                    let (index, place) = (position / blockSize, position % blockSize)
                    let bytes = ContiguousArray(repeating: byte, count: min(end - position, blockSize - place))
                    let fresh = map.block(UInt64(index)) == nil ? memory.take() : nil
                    unsafe map.write(bytes.span.bytes, to: UInt64(index), at: place, fresh: fresh)
                    position += bytes.count
                }
                end = position
            }
            return map
        }
    }

    private static func withFixture(_ body: (Fixture) async throws -> Void) async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await body(fixture)
    }

    private static func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    /// The line of something that was saved.
    private static func line(_ result: Result<String, Errno>) throws -> String { try result.get() }

    /// Bytes are at their places, of what overlaps those that were written last; nobody else can read them.
    @Test func theNewestWins() async throws {
        try await Self.withFixture { fixture in
            let rescue = Rescue(in: fixture.path.appending("a/b"))
            let older = fixture.map([(100, 10_000, 1), (20_000, 50, 1)])
            let newer = fixture.map([(5000, 100, 2), (10_050, 100, 2)])
            let line = try Self.line(await rescue.save([older, newer], of: NodeID(7), .fenced))
            #expect(line.contains("inode 7 ") && line.contains("bytes 100-10149, 20000-20049, is saved in"), "\(line)")
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/a/b").first)
            #expect(name.hasPrefix("inode-7-"))
            let path = "\(fixture.path)/a/b/\(name)"
            var expected = [UInt8](repeating: 0, count: 20_050)
            for index in 100..<10_100 { expected[index] = 1 }
            for index in 20_000..<20_050 { expected[index] = 1 }
            for index in Array(5000..<5100) + Array(10_050..<10_150) { expected[index] = 2 }
            #expect(FileManager.default.contents(atPath: path).map { Array($0) } == expected)
            #expect(try Self.mode(path) == 0o600)
            #expect(try Self.mode("\(fixture.path)/a/b") == 0o700 && Self.mode("\(fixture.path)/a") == 0o700)
            #expect(rescue.outcome == Rescue.Outcome(saved: [NodeID(7)]))
        }
    }

    /// What comes later of the same file goes over what is there; other files have files of their own.
    @Test func savesAgain() async throws {
        try await Self.withFixture { fixture in
            let rescue = Rescue(in: fixture.path)
            _ = try Self.line(await rescue.save([fixture.map([(0, 8192, 1)])], of: NodeID(7), .fenced))
            _ = try Self.line(await rescue.save([2, 2, 2], at: 8190, of: NodeID(7), .fenced))
            _ = try Self.line(await rescue.save([fixture.map([(4, 4, 3)])], of: NodeID(8), .unstored(.ioError)))
            let files = fixture.files
            #expect(files.count == 2)
            for (name, bytes) in files {
                if name.hasPrefix("inode-7-") {
                    #expect(bytes == [UInt8](repeating: 1, count: 8190) + [2, 2, 2])
                } else {
                    #expect(name.hasPrefix("inode-8-") && bytes == [0, 0, 0, 0, 3, 3, 3, 3])
                }
            }
            let summary = try #require(rescue.summary)
            #expect(summary.contains("of 2 files it is saved in \(fixture.path)") && !summary.contains("lost"))
        }
    }

    /// What cannot be saved is counted as lost, until it can.
    @Test func failsAndIsTriedAgain() async throws {
        try await Self.withFixture { fixture in
            try Data().write(to: URL(fileURLWithPath: fixture.path.string))
            #expect(throws: Errno.notDirectory) { try Rescue(making: fixture.path.appending("below")) }
            let rescue = Rescue(in: fixture.path.appending("below"))
            let content = fixture.map([(10, 10, 1)])
            guard case .failure(let error) = await rescue.save([content], of: NodeID(7), .fenced) else {
                Issue.record("saved in a file")
                return
            }
            #expect(error == .notDirectory)
            #expect(rescue.summary?.contains("of 1 file it is lost") == true)
            fixture.remove()
            _ = try Self.line(await rescue.save([content], of: NodeID(7), .fenced))
            #expect(rescue.outcome == Rescue.Outcome(saved: [NodeID(7)]))
        }
    }

    /// Without a directory what cannot be committed is said to be lost.
    @Test func canBeTurnedOff() async throws {
        try await Self.withFixture { fixture in
            let rescue = Rescue(in: nil)
            #expect(rescue.summary == nil)
            let line = try Self.line(await rescue.save([fixture.map([(10, 10, 1)])], of: NodeID(7), .fenced))
            #expect(line.hasSuffix("bytes 10-19, is lost"), "\(line)")
            #expect(rescue.summary?.hasSuffix("of 1 file it is lost") == true)
        }
    }
}
