package import RingFUSE

/// Values by the number of a node: a hash table for numbers that nobody chooses.
///
/// A `Dictionary` hashes so that nobody who chooses the keys can make them collide, which costs more than the rest of a
/// look-up. Numbers of nodes are given out by the file system, one after another: a multiplication spreads them well.
package struct NodeMap<Value> {
    /// The numbers, with linear probing; 0, which is no node's, for a free slot. A power of two long.
    private var numbers: ContiguousArray<UInt64>
    /// The values of the slots in use.
    private var values: ContiguousArray<Value?>
    /// The number of values.
    package private(set) var count = 0

    /// An empty map.
    package init() {
        numbers = ContiguousArray(repeating: 0, count: 16)
        values = ContiguousArray(repeating: nil, count: 16)
    }

    /// The value of a node; `nil` for none.
    ///
    /// - Complexity: O(1), amortised where a value is added.
    package subscript(id: NodeID) -> Value? {
        _read {
            if let slot = find(id.rawValue) { yield values[slot] } else { yield nil }
        }
        _modify {
            let slot = reserve(id.rawValue)
            defer { if values[slot] == nil { release(slot) } }
            yield &values[slot]
        }
    }

    /// All values with their numbers, in no order.
    package var all: [(id: NodeID, value: Value)] {
        numbers.indices.compactMap { slot in values[slot].map { (NodeID(numbers[slot]), $0) } }
    }

    private var mask: Int { numbers.count - 1 }

    /// Where a number belongs. Eight neighbours stand together, since nodes made one after another are often used so, in
    /// a place that the upper bits of a product with 2^64 divided by the golden ratio name.
    private func home(of number: UInt64) -> Int {
        let product = (number >> 3) &* 0x9e37_79b9_7f4a_7c15
        let group = product >> UInt64(numbers.count.leadingZeroBitCount + 4)
        return Int(truncatingIfNeeded: group << 3 | number & 7)
    }

    /// The slot of a number.
    private func find(_ number: UInt64) -> Int? {
        guard number != 0 else { return nil }
        var slot = home(of: number)
        while numbers[slot] != number {
            if numbers[slot] == 0 { return nil }
            slot = (slot + 1) & mask
        }
        return slot
    }

    /// The slot of a number, which is taken for it where there is none.
    private mutating func reserve(_ number: UInt64) -> Int {
        precondition(number != 0, "no node has the number 0")
        if let slot = find(number) { return slot }
        // Half full at the most, so that probing stays short.
        if (count + 1) * 2 > numbers.count { grow() }
        count += 1
        return take(number)
    }

    /// Takes a free slot for a number that has none.
    private mutating func take(_ number: UInt64) -> Int {
        var slot = home(of: number)
        while numbers[slot] != 0 { slot = (slot + 1) & mask }
        numbers[slot] = number
        return slot
    }

    /// Frees a slot, moving up those that were pushed past it.
    private mutating func release(_ slot: Int) {
        var free = slot
        var next = (slot + 1) & mask
        while numbers[next] != 0 {
            let home = home(of: numbers[next])
            // It may move up unless its home lies between the free slot and where it stands.
            if (next - home) & mask >= (next - free) & mask {
                numbers[free] = numbers[next]
                values.swapAt(free, next)
                free = next
            }
            next = (next + 1) & mask
        }
        numbers[free] = 0
        count -= 1
    }

    /// Doubles the slots.
    private mutating func grow() {
        let (oldNumbers, oldValues) = (numbers, values)
        numbers = ContiguousArray(repeating: 0, count: oldNumbers.count * 2)
        values = ContiguousArray(repeating: nil, count: oldNumbers.count * 2)
        for (slot, number) in oldNumbers.enumerated() where number != 0 { values[take(number)] = oldValues[slot] }
    }
}

extension NodeMap: Sendable where Value: Sendable {}
