import TestSupport
import Testing

@testable import NetworkStore

/// What is fetched ahead of a reader.
@Suite struct ReadaheadTests {
    private let limit: UInt64 = 8 << 20

    /// A sequential reader finds everything fetched before it comes, once, and no more than the limit ahead.
    @Test func isAheadOfASequentialReader() {
        var readahead = Readahead()
        let (size, step): (UInt64, UInt64) = (100 << 20, 128 << 10)
        var fetched: UInt64 = 0
        var requests = 0
        for start in stride(from: UInt64(0), to: size, by: Int(step)) {
            if start > 0 { #expect(fetched >= min(size, start + step)) }
            guard let ahead = readahead.note(start..<start + step, size: size, limit: limit) else { continue }
            #expect(ahead.lowerBound >= fetched)
            fetched = ahead.upperBound
            #expect(fetched <= start + step + limit)
            requests += 1
        }
        #expect(fetched == size)
        #expect(requests < 40)
    }

    /// Whoever jumps about gets nothing fetched.
    @Test func leavesRandomReadersAlone() {
        var readahead = Readahead()
        var random = Seeded(seed: 1)
        var count = 0
        for _ in 0..<1000 {
            let start = UInt64.random(in: 0..<(1 << 40), using: &random)
            if readahead.note(start..<start + 4096, size: 1 << 40, limit: limit) != nil { count += 1 }
        }
        #expect(count < 5)
    }

    /// A read that is tried again once its bytes are there is no second one that follows the first.
    @Test func countsAReadOnce() {
        var readahead = Readahead()
        for start in stride(from: UInt64(10 << 20), to: 1 << 30, by: 10 << 20) {
            for _ in 0..<3 {
                #expect(readahead.note(start..<start + 4096, size: 1 << 30, limit: limit) == nil)
            }
        }
    }

    /// None where none is wanted.
    @Test func canBeOff() {
        var readahead = Readahead()
        for start in stride(from: UInt64(0), to: 1 << 20, by: 4096) {
            #expect(readahead.note(start..<start + 4096, size: 1 << 20, limit: 0) == nil)
        }
    }
}
