import TestSupport
import Testing

@testable import NetworkStore

/// Where the committed bytes of a file are, against an array.
@Suite struct ExtentMapTests {
    /// Random extents and holes: each byte is where the last one to name it says.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func agreesWithAnArray(seed: UInt64) {
        var random = Seeded(seed: seed)
        let size = 2000
        var map = ExtentMap()
        var expected = [Place](repeating: .hole, count: size)
        for step in 0..<300 {
            let start = Int.random(in: 0..<size, using: &random)
            let count = Int.random(in: 1...min(size - start, 300), using: &random)
            switch step % 4 {
            case 0:
                map.cut(UInt64(start)..<UInt64(start + count))
                for index in start..<start + count { expected[index] = .hole }
            case 1:
                map.write(Extent(offset: UInt64(start), length: UInt64(count), place: .zeros))
                for index in start..<start + count { expected[index] = .zeros }
            case 2:
                let bytes = ContiguousArray((0..<count).map { UInt8(truncatingIfNeeded: step + $0) })
                map.write(Extent(offset: UInt64(start), length: UInt64(count), place: .inline(bytes)))
                for index in 0..<count { expected[start + index] = .byte(bytes[index]) }
            default:
                let number = UInt64(step)
                map.write(Extent(offset: UInt64(start), length: UInt64(count), place: .object(number, offset: 7)))
                for index in 0..<count { expected[start + index] = .object(number, UInt64(7 + index)) }
            }
        }
        #expect((0..<size).map { place(at: UInt64($0), in: map) } == expected)
        for (one, next) in zip(map.extents, map.extents.dropFirst()) { #expect(one.range.upperBound <= next.offset) }
    }

    private enum Place: Equatable {
        case hole
        case zeros
        case byte(UInt8)
        case object(UInt64, UInt64)
    }

    private func place(at offset: UInt64, in map: ExtentMap) -> Place {
        let (extent, end) = map.extent(at: offset)
        #expect(end > offset)
        guard let extent else { return .hole }
        let skipped = offset - extent.offset
        switch extent.place {
        case .zeros: return .zeros
        case .inline(let bytes): return .byte(bytes[Int(skipped)])
        case .object(let number, let start): return .object(number, start + skipped)
        }
    }
}
