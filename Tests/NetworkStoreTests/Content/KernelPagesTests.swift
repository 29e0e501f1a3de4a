import FileSystems
import RingFUSE
import Testing

@testable import NetworkStore

/// What pages of the kernel's may lack of a write.
@Suite struct KernelPagesTests {
    private static let page: UInt64 = 4096

    /// Pages that were read since they were dropped.
    private static func pages(read ranges: Range<UInt64>...) -> KernelPages {
        var pages = KernelPages(version: 1)
        pages.expectDrop()
        for range in ranges { pages.noteRead(range) }
        return pages
    }

    /// What is to be dropped after a write, in pages.
    private static func stale(
        _ pages: KernelPages,
        _ range: Range<UInt64>,
        isElsewhere: Bool = false
    ) -> Range<UInt64>? {
        var pages = pages
        return pages.noteWrite(range, isElsewhere: isElsewhere).map { bytes in
            #expect(bytes.lowerBound % page == 0 && bytes.upperBound % page == 0)
            return bytes.lowerBound / page..<bytes.upperBound / page
        }
    }

    @Test func nothingIsStaleBeforeAnythingIsDropped() {
        var pages = KernelPages()
        pages.noteRead(0..<Self.page)
        #expect(!pages.isContended)
        #expect(Self.stale(pages, 0..<8) == nil)
        pages.settle()
        #expect(!pages.isContended)
    }

    @Test func pagesThatWereReadSinceAre() {
        let pages = Self.pages(read: 0..<100, 3 * Self.page..<5 * Self.page)
        #expect(pages.isContended)
        #expect(Self.stale(pages, 8..<16) == 0..<1)
        #expect(Self.stale(pages, Self.page..<3 * Self.page) == nil)
        #expect(Self.stale(pages, Self.page..<3 * Self.page + 1) == 3..<4)
        #expect(Self.stale(pages, 10..<6 * Self.page) == 0..<5)
        #expect(Self.stale(pages, 10..<10) == nil)
    }

    @Test func pagesThatWereWrittenAsAWholeAreNext() {
        var pages = Self.pages()
        #expect(pages.noteWrite(1..<2 * Self.page + 1, isElsewhere: false) == nil)
        #expect(Self.stale(pages, 0..<Self.page) == nil)
        #expect(Self.stale(pages, 0..<Self.page + 1) == 1..<2)
        #expect(Self.stale(pages, 2 * Self.page..<2 * Self.page + 8) == nil)
    }

    @Test func whatIsDroppedIsEmpty() {
        var pages = Self.pages(read: 0..<4 * Self.page)
        #expect(pages.noteWrite(0..<8, isElsewhere: false) != nil)
        #expect(Self.stale(pages, 0..<8) == nil)
        #expect(Self.stale(pages, Self.page..<Self.page + 8) == 1..<2)
        pages.noteRead(0..<1)
        #expect(Self.stale(pages, 0..<8) == 0..<1)
    }

    @Test func aDropForgetsWhatWasReadBeforeIt() {
        var pages = Self.pages(read: 0..<Self.page)
        // One that comes some time may come before it was read.
        pages.expectDrop()
        #expect(Self.stale(pages, 0..<8) != nil)
        pages.beginDrop()
        #expect(Self.stale(pages, 0..<8) == nil)
        pages.noteRead(0..<1)
        #expect(Self.stale(pages, 0..<8) != nil)
        pages.settle()
        #expect(pages.isContended)
        #expect(Self.stale(pages, 0..<8) == nil)
    }

    @Test func whereADropHasFailedAllCountsAsRead() {
        var pages = Self.pages()
        pages.loseTrack()
        #expect(Self.stale(pages, 77 * Self.page..<77 * Self.page + 1) == 77..<78)
        let largest = UInt64(Int64.max)
        #expect(Self.stale(pages, largest - 2 * Self.page..<largest) != nil)
        pages.beginDrop()
        #expect(Self.stale(pages, 77 * Self.page..<77 * Self.page + 1) == nil)
    }

    @Test func tooManyRunsAreNotToldApart() {
        var pages = Self.pages()
        for index in 0..<4096 as Range<UInt64> { pages.noteRead(2 * index * Self.page..<2 * index * Self.page + 1) }
        #expect(Self.stale(pages, Self.page..<Self.page + 1) == nil)
        pages.noteRead(10_000 * Self.page..<10_000 * Self.page + 1)
        #expect(Self.stale(pages, Self.page..<Self.page + 1) == 1..<2)
    }

    /// A page that was written in part and not filled before is locked by the kernel: to wait for it would be in vain.
    @Test func ofWhatIsElsewherePagesThatAreLockedAreLeft() {
        let pages = Self.pages(read: 0..<1)
        let cases: [(Range<UInt64>, Range<UInt64>?)] = [
            (10..<20, 0..<1), (10..<Self.page + 20, 0..<1), (10..<2 * Self.page + 20, 0..<2),
            (Self.page + 10..<Self.page + 20, nil), (Self.page + 10..<2 * Self.page, nil),
            (Self.page + 10..<3 * Self.page, 2..<3), (Self.page..<2 * Self.page, 1..<2),
            (Self.page..<3 * Self.page + 1, 1..<3),
        ]
        for (written, expected) in cases {
            #expect(Self.stale(pages, written, isElsewhere: true) == expected, "\(written)")
        }
        let fresh = KernelPages()
        #expect(Self.stale(fresh, 0..<2 * Self.page, isElsewhere: true) == 0..<2)
        #expect(Self.stale(fresh, 1..<20, isElsewhere: true) == nil)
    }

    /// What others have appended is seen while something is unwritten here; and what is unwritten beyond it.
    @Test func unwrittenContentHidesNoGrowth() throws {
        let memory = try BlockMemory(byteCount: 1 << 20, blockSize: 65536)
        func record(_ version: UInt64, size: UInt64) -> NodeRecord {
            let attributes = Attributes(node: NodeID(7), mode: NodeMode(.regular, permissions: 0o644), size: size)
            let time = Timestamp(seconds: 1, nanoseconds: 0)
            return NodeRecord(
                attributes: attributes, birthTime: time, flags: 0, version: version, hasExtendedAttributes: false)
        }
        for isShared in [true, false] {
            var state = StoredFile.State(
                record: record(1, size: 8), isShared: isShared, pages: KernelPages(),
                dirty: DirtyMap(blockSize: 65536))
            let bytes: ContiguousArray<UInt8> = [1]
            unsafe state.dirty.write(bytes.span.bytes, to: 0, at: 19, fresh: memory.take())
            state.pending = (20, Timestamp(seconds: 2, nanoseconds: 0))
            state.refresh(record(2, size: 12))
            #expect(state.size == 20)
            state.take(record(5, size: 40))
            #expect(state.size == (isShared ? 40 : 20))
            _ = state.seal()
            state.refresh(record(7, size: 16))
            #expect(state.size == 20)
        }
    }

    @Test func versionsOnlyRise() {
        var pages = KernelPages()
        pages.note(version: 4)
        pages.note(version: 3)
        #expect(pages.version == 4)
        pages.version = nil
        pages.note(version: 3)
        #expect(pages.version == 3)
        #expect(pages.areOf(version: 3) && !pages.areOf(version: 4))
        // The kernel is being told of the size.
        pages.untold = 1
        #expect(!pages.areOf(version: 3))
        pages.settle()
        #expect(pages.version == nil && pages.untold == 0)
    }
}
