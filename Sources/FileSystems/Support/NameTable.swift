internal import RingFUSE

/// The names of a directory: found by name in O(1), and in the order they came by cookie.
///
/// Entries stand in one array in the order of their cookies, which only ever grow; a removed one leaves a gap. A read
/// goes on from a cookie by binary search, so nothing that stays is lost or comes twice, whatever goes or comes.
/// Gaps are closed when they outnumber the names: each removal costs O(1) amortised, and each full read O(n).
/// A hash table beside it holds positions, and is searched with a borrowed ``Name`` so that finding allocates nothing.
struct NameTable<Value> {
    /// A name and what it stands for.
    struct Entry {
        /// The name.
        let name: StoredName
        /// Its hash, kept so that growing hashes nothing again.
        let hash: Int
        /// Where a read goes on after this entry.
        let cookie: UInt64
        /// What the name stands for.
        var value: Value
    }

    /// Entries by cookie; `nil` for a gap.
    private var entries: ContiguousArray<Entry?> = []
    /// The cookies of `entries`, those of gaps too, so that a search need not step over gaps.
    private var cookies: ContiguousArray<UInt64> = []
    /// All before this position are gaps: whoever removes from the front does not make each new read step over them.
    private var start = 0
    /// Positions in `entries` plus one, by hash with linear probing; 0 for none. Empty or a power of two long.
    private var positions: ContiguousArray<UInt32> = []
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
        slot(of: name, hash: Self.hash(name)).flatMap { entries[position(at: $0)]?.value }
    }

    /// Adds a name that is not there yet.
    ///
    /// - Complexity: O(1) amortised.
    mutating func insert(_ name: borrowing Name, _ value: Value) {
        let hash = Self.hash(name)
        assert(slot(of: name, hash: hash) == nil, "a name was added twice")
        // Half full at the most, so that probing stays short.
        if (count + 1) * 2 > positions.count { rebuild(capacity: max(8, positions.count * 2)) }
        entries.append(Entry(name: StoredName(name), hash: hash, cookie: nextCookie, value: value))
        cookies.append(nextCookie)
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
        let former = entries[position]?.value
        entries[position]?.value = value
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
        let former = entries[position]?.value
        entries[position] = nil
        count -= 1
        while start < entries.count, entries[start] == nil { start += 1 }
        if entries.count > 32, count * 2 < entries.count { rebuild(capacity: positions.count) }
        return former
    }

    /// Calls `body` with the names that come after a cookie, until it says false.
    ///
    /// - Complexity: O(log n) to find the start, then amortised O(1) for each.
    func forEach(after cookie: UInt64, _ body: (Entry) -> Bool) {
        var position = firstPosition(after: cookie)
        while position < entries.count {
            if let entry = entries[position], !body(entry) { return }
            position += 1
        }
    }

    // MARK: The array

    /// The position of the first name, or gap, after a cookie.
    private func firstPosition(after cookie: UInt64) -> Int {
        var low = start
        var high = cookies.count
        while low < high {
            let middle = low + (high - low) / 2
            if cookies[middle] <= cookie { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Closes the gaps and fills a new hash table.
    private mutating func rebuild(capacity: Int) {
        if count < entries.count {
            entries.removeAll { $0 == nil }
            cookies = ContiguousArray(entries.lazy.compactMap { $0?.cookie })
            start = 0
        }
        positions = ContiguousArray(repeating: 0, count: capacity)
        for (position, entry) in entries.enumerated() {
            if let entry { link(position, hash: entry.hash) }
        }
    }

    // MARK: The hash table

    /// The hash of a name; seeded for each process, so that nobody can choose names that collide.
    private static func hash(_ name: borrowing Name) -> Int {
        var hasher = Hasher()
        unsafe name.bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// The slot of a name.
    private func slot(of name: borrowing Name, hash: Int) -> Int? {
        guard !positions.isEmpty else { return nil }
        let mask = positions.count - 1
        var slot = hash & mask
        while positions[slot] != 0 {
            if let entry = entries[position(at: slot)], entry.hash == hash, Self.equal(entry.name, name) { return slot }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Compares the bytes of two names.
    private static func equal(_ stored: StoredName, _ name: borrowing Name) -> Bool {
        guard stored.bytes.count == name.count else { return false }
        for index in 0..<name.count where stored.bytes[index] != name.bytes[index] { return false }
        return true
    }

    /// The position that a slot in use holds.
    private func position(at slot: Int) -> Int { Int(positions[slot]) - 1 }

    /// Enters a position.
    private mutating func link(_ position: Int, hash: Int) {
        precondition(position < UInt32.max, "a directory holds at most 2^32 - 1 names")
        let mask = positions.count - 1
        var slot = hash & mask
        while positions[slot] != 0 { slot = (slot + 1) & mask }
        positions[slot] = UInt32(position + 1)
    }

    /// Frees a slot, moving up those that were pushed past it: no tombstones, so searches do not grow longer with time.
    private mutating func unlink(_ slot: Int) {
        let mask = positions.count - 1
        var free = slot
        var next = (slot + 1) & mask
        while positions[next] != 0 {
            let home = (entries[position(at: next)]?.hash ?? 0) & mask
            // It may move up unless its home lies between the free slot and where it stands.
            if (next - home) & mask >= (next - free) & mask {
                positions[free] = positions[next]
                free = next
            }
            next = (next + 1) & mask
        }
        positions[free] = 0
    }
}

extension NameTable: Sendable where Value: Sendable {}
extension NameTable.Entry: Sendable where Value: Sendable {}
