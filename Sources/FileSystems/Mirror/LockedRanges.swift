internal import RingFUSE

/// The ranges of one file that one owner has locked. They do not overlap.
struct LockedRanges {
    /// A range with a lock of one kind.
    struct Range: Equatable {
        /// The first byte.
        var start: UInt64
        /// The last byte.
        var end: UInt64
        /// Shared or exclusive.
        var kind: FileLock.Kind
    }

    /// In no order.
    private(set) var ranges: [Range] = []

    /// Whether nothing is locked.
    var isEmpty: Bool { ranges.isEmpty }

    /// Sets a lock, or none, on a range; locks that the owner had there give way, as POSIX has it.
    mutating func set(_ lock: FileLock) {
        var rest: [Range] = []
        for range in ranges {
            guard range.start <= lock.end, lock.start <= range.end else {
                rest.append(range)
                continue
            }
            if range.start < lock.start {
                rest.append(Range(start: range.start, end: lock.start - 1, kind: range.kind))
            }
            if range.end > lock.end {
                rest.append(Range(start: lock.end + 1, end: range.end, kind: range.kind))
            }
        }
        if lock.kind != .unlock { rest.append(Range(start: lock.start, end: lock.end, kind: lock.kind)) }
        ranges = rest
    }

    /// The first range that stands in the way of another owner's lock; `nil` for none.
    func conflict(with lock: FileLock) -> Range? {
        ranges.filter { range in
            range.start <= lock.end && lock.start <= range.end && (range.kind == .write || lock.kind == .write)
        }
        .min { $0.start < $1.start }
    }
}
