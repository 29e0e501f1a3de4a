/// The pages of a sparse file: 4 KiB pieces of memory by their number.
///
/// Pages stand in groups of 512 (2 MiB), and groups in an array sorted by number: a file of any size finds a page by
/// a binary search in a short array, a small file takes a few words beside its pages, and neighbours are found in
/// order.
///
/// One size of page for all files, and the kernel's: a file of a few bytes takes no more than 4 KiB, holes are as fine
/// as those that `SEEK_HOLE` shows elsewhere, and larger pieces would spare only a few percent of large copies.
@safe
struct PageMap: ~Copyable {
    /// Bytes of a page.
    static let pageSize = 4096
    /// Pages of a group.
    private static let groupSize: UInt64 = 512

    /// Neighbouring pages.
    @safe
    private struct Group {
        /// The number of the first page, divided by the size of a group.
        let number: UInt64
        /// How many there are; never 0.
        var count = 0
        /// The pages; it grows to the last one that is there.
        var pages: ContiguousArray<UnsafeMutableRawPointer?> = unsafe []

        /// A group without pages.
        init(number: UInt64) { self.number = number }
    }

    /// Groups that have pages, by number.
    private var groups: ContiguousArray<Group> = []
    /// The number of pages.
    private(set) var count = 0
    /// Those who use pages without the lock of the file; see ``pin()``.
    private var pinCount = 0
    /// Pages that were removed while somebody may still use them.
    private var retired: ContiguousArray<UnsafeMutableRawPointer> = unsafe []
    /// Removals so far.
    private(set) var removals = 0

    /// No pages.
    init() {}

    deinit {
        precondition(pinCount == 0, "a file goes while its pages are in use")
        for group in groups {
            for slot in unsafe group.pages.indices { unsafe group.pages[slot]?.deallocate() }
        }
    }

    /// The memory of a page; `nil` for a hole.
    ///
    /// It is valid until the page is removed; or until ``unpin()``, if it was pinned before that.
    subscript(number: UInt64) -> UnsafeMutableRawPointer? {
        let (index, found) = find(number / Self.groupSize)
        let slot = Int(number % Self.groupSize)
        guard found, unsafe slot < groups[index].pages.count else { return nil }
        return unsafe groups[index].pages[slot]
    }

    /// Adds a page that is not there yet.
    ///
    /// - Returns: its memory, of any content: the caller fills it.
    mutating func add(_ number: UInt64) -> UnsafeMutableRawPointer {
        let page = unsafe Self.makePage()
        unsafe add(number, page)
        return unsafe page
    }

    /// The memory of a page, of any content.
    static func makePage() -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer.allocate(byteCount: pageSize, alignment: 16)
    }

    /// Adds a page that is not there yet, with memory from ``makePage()``.
    mutating func add(_ number: UInt64, _ page: UnsafeMutableRawPointer) {
        let (index, found) = find(number / Self.groupSize)
        let slot = Int(number % Self.groupSize)
        if !found { groups.insert(Group(number: number / Self.groupSize), at: index) }
        let missing = unsafe slot + 1 - groups[index].pages.count
        if missing > 0 { unsafe groups[index].pages.append(contentsOf: repeatElement(nil, count: missing)) }
        precondition(unsafe groups[index].pages[slot] == nil, "a page was added twice")
        unsafe groups[index].pages[slot] = unsafe page
        groups[index].count += 1
        count += 1
    }

    // MARK: Use without the lock

    /// Keeps the memory of all pages valid, those that are removed from now on, too.
    mutating func pin() { pinCount += 1 }

    /// Takes one ``pin()`` back.
    mutating func unpin() {
        pinCount -= 1
        guard pinCount == 0 else { return }
        for index in unsafe retired.indices { unsafe retired[index].deallocate() }
        unsafe retired.removeAll()
    }

    private mutating func dispose(of page: UnsafeMutableRawPointer) {
        if pinCount == 0 { unsafe page.deallocate() } else { unsafe retired.append(page) }
    }

    /// Removes the pages of a range.
    ///
    /// - Returns: how many there were.
    /// - Complexity: O(pages there), whatever the length of the range.
    mutating func remove(_ range: Range<UInt64>) -> Int {
        guard !range.isEmpty else { return 0 }
        let first = find(range.lowerBound / Self.groupSize).index
        var index = first
        var removed = 0
        while index < groups.count, groups[index].number * Self.groupSize < range.upperBound {
            let start = groups[index].number * Self.groupSize
            let low = Int(max(range.lowerBound, start) - start)
            let high = unsafe min(Int(min(range.upperBound - start, Self.groupSize)), groups[index].pages.count)
            var slot = low
            while slot < high {
                if let page = unsafe groups[index].pages[slot] {
                    unsafe dispose(of: page)
                    unsafe groups[index].pages[slot] = nil
                    groups[index].count -= 1
                    removed += 1
                }
                slot += 1
            }
            index += 1
        }
        groups.replaceSubrange(first..<index, with: groups[first..<index].filter { $0.count > 0 })
        count -= removed
        removals += 1
        return removed
    }

    /// How many pages of a range there are.
    ///
    /// - Complexity: O(pages there), whatever the length of the range.
    func count(in range: Range<UInt64>) -> Int {
        var found = 0
        var next = self.next(from: range.lowerBound)
        while let page = next, page < range.upperBound {
            found += 1
            next = self.next(from: page + 1)
        }
        return found
    }

    /// The first page from a number on.
    func next(from number: UInt64) -> UInt64? {
        var (index, found) = find(number / Self.groupSize)
        var slot = found ? Int(number % Self.groupSize) : 0
        while index < groups.count {
            while unsafe slot < groups[index].pages.count {
                if unsafe groups[index].pages[slot] != nil {
                    return groups[index].number * Self.groupSize + UInt64(slot)
                }
                slot += 1
            }
            index += 1
            slot = 0
        }
        return nil
    }

    /// The first number from one on that has no page.
    func nextHole(from number: UInt64) -> UInt64 {
        var number = number
        while unsafe self[number] != nil { number += 1 }
        return number
    }

    /// The index of a group, or where it would be inserted.
    private func find(_ number: UInt64) -> (index: Int, found: Bool) {
        // A file without holes has its groups where their numbers say.
        if number < UInt64(groups.count), groups[Int(number)].number == number {
            return (Int(number), true)
        }
        var low = 0
        var high = groups.count
        while low < high {
            let middle = low + (high - low) / 2
            if groups[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return (low, low < groups.count && groups[low].number == number)
    }
}
