import RingFUSE
import TestSupport
import Testing

@testable import FileSystems

@Suite struct NodeMapTests {
    /// Held against a dictionary, step by step.
    @Test func doesWhatADictionaryDoes() {
        var map = NodeMap<Int>()
        var model: [UInt64: Int] = [:]
        var present: [UInt64] = []
        var random = Seeded(seed: 26)
        var next: UInt64 = 1
        for step in 0..<20_000 {
            // Grows, stays, shrinks: numbers are used once, and neighbours go in any order.
            let adds: UInt64 = step % 6000 < 3000 ? 3 : 1
            if random.next() % 4 < adds || present.isEmpty {
                map[NodeID(next)] = step
                model[next] = step
                present.append(next)
                next += 1 + random.next() % 3
            } else {
                let position = Int(random.next() % UInt64(present.count))
                let number = present[position]
                switch random.next() % 3 {
                case 0:
                    map[NodeID(number)]? += 1
                    model[number]? += 1
                case 1: #expect(map[NodeID(number)] == model[number])
                default:
                    map[NodeID(number)] = nil
                    model[number] = nil
                    present.swapAt(position, present.count - 1)
                    present.removeLast()
                }
            }
            #expect(map.count == model.count)
        }
        for number in 1..<next { #expect(map[NodeID(number)] == model[number]) }
        #expect(Dictionary(uniqueKeysWithValues: map.all.map { ($0.id.rawValue, $0.value) }) == model)
    }

    @Test func holdsNothingOfWhatIsNotThere() {
        var map = NodeMap<Int>()
        map[NodeID(7)]? += 1
        #expect(map.count == 0 && map[NodeID(7)] == nil)
        #expect(map[NodeID(0)] == nil)
        map[NodeID(7)] = nil
        #expect(map.count == 0)
    }

    /// What it holds goes when it is taken out, and when the map goes.
    @Test func letsGo() {
        final class Held {}
        weak var removed: Held?
        weak var kept: Held?
        do {
            var map = NodeMap<Held>()
            for number in 1...100 {
                let held = Held()
                if number == 50 { removed = held }
                if number == 60 { kept = held }
                map[NodeID(UInt64(number))] = held
            }
            #expect(removed != nil)
            map[NodeID(50)] = nil
            #expect(removed == nil && kept != nil)
        }
        #expect(kept == nil)
    }
}
