import Testing

@testable import NetworkStore

/// How objects are divided into parts.
@Suite struct PartSizesTests {
    @Test func grow() {
        let sizes = PartSizes(first: 8 << 20, largest: 64 << 20)
        #expect([1, 1000].allSatisfy { sizes.size(of: $0) == 8 << 20 })
        #expect([1001, 2000].allSatisfy { sizes.size(of: $0) == 16 << 20 })
        #expect(sizes.size(of: 3001) == 64 << 20 && sizes.size(of: 10_000) == 64 << 20)
        #expect(sizes.largestObject == UInt64(8 + 16 + 32 + 7 * 64) * 1000 << 20)
    }

    /// With memory enough, 10,000 parts are as much as S3 takes, and none is larger than it takes.
    @Test func suffice() {
        let sizes = PartSizes(first: 8 << 20, largest: 4 << 30)
        #expect(sizes.largestObject >= 5 << 40)
        #expect(sizes.size(of: 10_000) <= 5 << 30)
    }

    @Test(arguments: [1, 5 << 20, 1 << 30, (1 << 30) + 1, (5 << 30) + 7, 5 << 40] as [UInt64])
    func copies(_ size: UInt64) {
        let ranges = PartSizes.copies(of: size)
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == size && ranges.count <= PartSizes.limit)
        for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.upperBound == next.lowerBound) }
        #expect(ranges.allSatisfy { $0.count <= 1 << 30 && ($0.count >= 5 << 20 || ranges.count == 1) })
    }

    @Test func nothing() { #expect(PartSizes.copies(of: 0) == []) }
}
