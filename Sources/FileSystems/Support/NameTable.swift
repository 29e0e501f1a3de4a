internal import RingFUSE

/// The names of a directory: found by name in O(1), and in the order they came by cookie.
///
/// Entries stand in one array in the order of their cookies, which only ever grow; a removed one leaves a gap. A read
/// goes on from a cookie by binary search, so nothing that stays is lost or comes twice, whatever goes or comes.
/// Gaps are closed when they outnumber the names: each removal costs O(1) amortised, and each full read O(n).
/// The bytes of all names stand in another array, so that a name is no object: adding one allocates nothing, reading
/// one counts no reference.
/// A hash table beside them holds positions, and is searched with a borrowed ``Name``: finding allocates nothing.
struct NameTable<Value> {
    /// What is known of a name.
    fileprivate struct Entry {
        /// Where a read goes on after this entry.
        let cookie: UInt64
        /// Where its bytes start in `text`.
        var start: Int
        /// What the name stands for; `nil` for a gap.
        var value: Value?
        /// The number of its bytes.
        let count: UInt16
    }

    /// A slot of the hash table.
    private struct Slot {
        /// Part of the name's hash, so that other names are not looked at and growing hashes nothing again.
        var hash: UInt32 = 0
        /// The position in `entries` plus one; 0 for none.
        var number: UInt32 = 0
    }

    /// Entries by cookie.
    private var entries: ContiguousArray<Entry> = []
    /// The bytes of the names of all entries, those of gaps too.
    private var text: ContiguousArray<UInt8> = []
    /// All before this position are gaps: whoever removes from the front does not make each new read step over them.
    private var start = 0
    /// Slots by hash with linear probing. Empty or a power of two long.
    private var slots: ContiguousArray<Slot> = []
    /// The cookie of the next name.
    private var nextCookie: UInt64
    /// The number of names.
    private(set) var count = 0

    /// An empty table.
    ///
    /// - Parameter firstCookie: the first name's; lower ones are the owner's (`.` and `..`).
    init(firstCookie: UInt64) {
        nextCookie = firstCookie
    }

    /// Whether there are no names.
    var isEmpty: Bool { count == 0 }

    /// What a name stands for.
    ///
    /// - Complexity: O(1).
    subscript(name: Name) -> Value? {
        slot(of: name, hash: Self.hash(name)).flatMap { entries[position(at: $0)].value }
    }

    /// Adds a name that is not there yet.
    ///
    /// - Complexity: O(1) amortised.
    mutating func insert(_ name: borrowing Name, _ value: Value) {
        let hash = Self.hash(name)
        assert(slot(of: name, hash: hash) == nil, "a name was added twice")
        // Half full at the most, so that probing stays short.
        if (count + 1) * 2 > slots.count { grow() }
        entries.append(Entry(cookie: nextCookie, start: text.count, value: value, count: UInt16(name.count)))
        append(name)
        nextCookie += 1
        count += 1
        link(entries.count - 1, hash: hash)
    }

    /// Makes a name stand for something else; it keeps its cookie, so that a read under way does not see it twice.
    ///
    /// - Returns: what it stood for; `nil`, and nothing done, where the name is not there.
    @discardableResult
    mutating func replace(_ name: borrowing Name, with value: Value) -> Value? {
        guard let slot = slot(of: name, hash: Self.hash(name)) else { return nil }
        let position = position(at: slot)
        let former = entries[position].value
        entries[position].value = value
        return former
    }

    /// Removes a name.
    ///
    /// - Returns: what it stood for; `nil` where it was not there.
    /// - Complexity: O(1) amortised.
    @discardableResult
    mutating func remove(_ name: borrowing Name) -> Value? {
        guard let slot = slot(of: name, hash: Self.hash(name)) else { return nil }
        let position = position(at: slot)
        unlink(slot)
        let former = entries[position].value
        entries[position].value = nil
        count -= 1
        while start < entries.count, entries[start].value == nil { start += 1 }
        if entries.count > 32, count * 2 < entries.count { closeGaps() }
        return former
    }

    /// Calls `body` with each name after a cookie, what it stands for and its own cookie, until it says false.
    ///
    /// - Complexity: O(log n) to find the start, then amortised O(1) for each.
    func forEach(after cookie: UInt64, _ body: (borrowing Name, Value, UInt64) -> Bool) {
        let text = text.span
        var position = firstPosition(after: cookie)
        while position < entries.count {
            let entry = entries[position]
            if let value = entry.value {
                let name = Name(text.extracting(entry.start..<entry.start + Int(entry.count)))
                if !body(name, value, entry.cookie) { return }
            }
            position += 1
        }
    }

    // MARK: The arrays

    /// The position of the first name, or gap, after a cookie.
    private func firstPosition(after cookie: UInt64) -> Int {
        var low = start
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].cookie <= cookie { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Appends the bytes of a name.
    private mutating func append(_ name: borrowing Name) {
        unsafe name.bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
    }

    /// Closes the gaps. Names keep their slots, which get their new positions.
    private mutating func closeGaps() {
        var numbers = ContiguousArray<UInt32>(repeating: 0, count: entries.count + 1)
        var kept: ContiguousArray<Entry> = []
        var keptText: ContiguousArray<UInt8> = []
        kept.reserveCapacity(count)
        for position in start..<entries.count {
            var entry = entries[position]
            guard entry.value != nil else { continue }
            let bytes = text[entry.start..<entry.start + Int(entry.count)]
            entry.start = keptText.count
            keptText.append(contentsOf: bytes)
            kept.append(entry)
            numbers[position + 1] = UInt32(kept.count)
        }
        for slot in slots.indices { slots[slot].number = numbers[Int(slots[slot].number)] }
        (entries, text, start) = (kept, keptText, 0)
    }

    // MARK: The hash table

    /// The hash of a name; seeded for each process, so that nobody can choose names that collide.
    private static func hash(_ name: borrowing Name) -> UInt32 {
        var hasher = Hasher()
        unsafe name.bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }

    /// The slot of a name.
    private func slot(of name: borrowing Name, hash: UInt32) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot].number != 0 {
            if slots[slot].hash == hash, isName(of: entries[position(at: slot)], name) { return slot }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Whether a name is that of an entry.
    private func isName(of entry: Entry, _ name: borrowing Name) -> Bool {
        guard Int(entry.count) == name.count else { return false }
        for index in 0..<name.count where text[entry.start + index] != name.bytes[index] { return false }
        return true
    }

    /// The position that a slot in use holds.
    private func position(at slot: Int) -> Int { Int(slots[slot].number) - 1 }

    /// Enters a position.
    private mutating func link(_ position: Int, hash: UInt32) {
        precondition(position < UInt32.max, "a directory holds at most 2^32 - 1 names")
        link(Slot(hash: hash, number: UInt32(position + 1)))
    }

    /// Enters what a slot holds.
    private mutating func link(_ content: Slot) {
        let mask = slots.count - 1
        var slot = Int(content.hash) & mask
        while slots[slot].number != 0 { slot = (slot + 1) & mask }
        slots[slot] = content
    }

    /// Doubles the slots.
    private mutating func grow() {
        let old = slots
        slots = ContiguousArray(repeating: Slot(), count: max(8, old.count * 2))
        for content in old where content.number != 0 { link(content) }
    }

    /// Frees a slot, moving up those that were pushed past it: no tombstones, so searches do not grow longer with time.
    private mutating func unlink(_ slot: Int) {
        let mask = slots.count - 1
        var free = slot
        var next = (slot + 1) & mask
        while slots[next].number != 0 {
            let home = Int(slots[next].hash) & mask
            // It may move up unless its home lies between the free slot and where it stands.
            if (next - home) & mask >= (next - free) & mask {
                slots[free] = slots[next]
                free = next
            }
            next = (next + 1) & mask
        }
        slots[free] = Slot()
    }
}

extension NameTable.Entry: Sendable where Value: Sendable {}
extension NameTable: Sendable where Value: Sendable {}
