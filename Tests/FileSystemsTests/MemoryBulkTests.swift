import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

/// Large reads and writes of files in memory, which copy without the file's lock.
@Suite struct MemoryBulkTests {
    private let budget = SpaceBudget(byteLimit: 4 << 20, nodeLimit: 1)

    private func bytes(_ count: Int, _ first: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: (first + $0) % 251 + 1) }
    }

    /// Writes in bulk, with something else between its begin and its end.
    ///
    /// - Returns: whether it took effect.
    private func write(
        _ data: [UInt8],
        to content: inout FileContent,
        at offset: UInt64,
        meanwhile: (inout FileContent) throws -> Void = { _ in }
    ) throws -> Bool {
        let begun = content.beginWriting(data.count, at: offset)
        let transfer = try #require(begun)
        unsafe transfer.copy(from: data.span.bytes)
        try meanwhile(&content)
        return unsafe content.end(transfer, writing: data.span.bytes)
    }

    private func all(of content: borrowing FileContent) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Int(content.size)) { bytes, count in
            var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(bytes), initializedCount: 0)
            count = content.read(at: 0, into: &output)
        }
    }

    @Test func partsOfPagesAreWritten() throws {
        var content = FileContent(budget: budget)
        let data = bytes(70_000, 3)
        let isWritten = try write(data, to: &content, at: 1000)
        #expect(isWritten)
        #expect(content.size == 71_000)
        #expect(all(of: content) == [UInt8](repeating: 0, count: 1000) + data)
        #expect(content.allocatedBytes == 18 * 4096)
        #expect(budget.usedBytes == 18 * 4096)
    }

    @Test func littleIsNotWorthIt() {
        var content = FileContent(budget: budget)
        let isBegun = content.beginWriting(65535, at: 0) != nil
        #expect(!isBegun)
        let isBegunToRead = content.beginReading(at: 0, limit: 1 << 20) != nil
        #expect(!isBegunToRead)
    }

    @Test func withoutRoomNothingIsBegun() {
        var content = FileContent(budget: budget)
        let isBegun = content.beginWriting((4 << 20) + 1, at: 0) != nil
        #expect(!isBegun)
        #expect(budget.usedBytes == 0)
    }

    /// Two that write to the same holes: the last to end wins, and pages are paid for once.
    @Test func writersOfTheSameHolesAgree() throws {
        var content = FileContent(budget: budget)
        let first = bytes(131_072, 1)
        let second = bytes(131_072, 100)
        let isFirstWritten = try write(first, to: &content, at: 0) { content in
            let isSecondWritten = try write(second, to: &content, at: 65536)
            #expect(isSecondWritten)
        }
        #expect(isFirstWritten)
        #expect(all(of: content) == first + second[65536...])
        #expect(budget.usedBytes == 196_608)
        #expect(content.allocatedBytes == 196_608)
    }

    /// What is cut away while it is written is to be written again, under the lock.
    @Test(arguments: [true, false]) func removalsAreNoticed(_ isThere: Bool) throws {
        var content = FileContent(budget: budget)
        if isThere { _ = unsafe try content.write(bytes(131_072, 9).span.bytes, at: 0, whole: true) }
        let data = bytes(131_072, 1)
        let isWritten = try write(data, to: &content, at: 0) { try $0.resize(to: 0) }
        #expect(!isWritten)
        #expect(content.size == 0)
        #expect(content.allocatedBytes == 0)
        #expect(budget.usedBytes == 0)
    }

    /// Pages that are removed while they are read stay until the reader is done.
    @Test func removedPagesStayForTheirReaders() throws {
        var content = FileContent(budget: budget)
        let data = bytes(131_072, 1)
        _ = unsafe try content.write(data.span.bytes, at: 0, whole: true)
        let begun = content.beginReading(at: 0, limit: 1 << 20)
        let transfer = try #require(begun)
        try content.resize(to: 0)
        #expect(budget.usedBytes == 0)
        let read = unsafe [UInt8](unsafeUninitializedCapacity: data.count) { bytes, count in
            var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(bytes), initializedCount: 0)
            transfer.copy(into: &output)
            count = output.byteCount
        }
        content.end(transfer)
        #expect(read == data)
    }

    /// Holes, and the end of the file in the midst of a page.
    @Test func readsWhatIsThere() throws {
        var content = FileContent(budget: budget)
        let data = bytes(5000, 1)
        _ = unsafe try content.write(data.span.bytes, at: 100_000, whole: true)
        let begun = content.beginReading(at: 10, limit: 1 << 20)
        let transfer = try #require(begun)
        #expect(transfer.range == 10..<105_000)
        content.end(transfer)
    }

    /// Many at a time, beside somebody who cuts: sizes and the budget agree in the end.
    @Test(.timeLimit(.minutes(2))) func staysConsistentUnderLoad() async throws {
        let backend = MemoryFileSystem(byteLimit: 64 << 20)
        let calls = Calls(backend)
        let file = try await calls.makeFile("a").node
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 0..<4 as Range<UInt64> {
                group.addTask {
                    var random = Seeded(seed: seed)
                    for _ in 0..<300 {
                        let calls = Calls(backend)
                        let offset = UInt64.random(in: 0..<1 << 20, using: &random)
                        let count = Int.random(in: 65536..<300_000, using: &random)
                        switch Int.random(in: 0..<6, using: &random) {
                        case 0: try await calls.change(file) { $0.size = offset }
                        case 1, 2:
                            let read = try await calls.read(file, at: offset, count)
                            #expect(read.allSatisfy { $0 == 0 || $0 == 7 })
                        default: try await calls.write([UInt8](repeating: 7, count: count), to: file, at: offset)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let attributes = try await calls.attributes(of: file)
        #expect(backend.budget.usedBytes == Int(attributes.blocks) * 512)
        try await calls.change(file) { $0.size = 0 }
        #expect(backend.budget.usedBytes == 0)
    }
}
