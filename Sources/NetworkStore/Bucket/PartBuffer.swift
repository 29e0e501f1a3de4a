internal import Ring
internal import RingFUSE
internal import SystemPackage

/// Memory for a part of an object that is being written: backed by pages, and counted, as it fills.
///
/// Confined to whoever fills it, until it is shown to others; from then on nobody writes to it.
@safe
final class PartBuffer: @unchecked Sendable {
    /// Bytes that are counted as one.
    static let unit = 256 << 10

    private let region: MappedRegion
    private let budget: DirtyBudget
    /// What is counted so far.
    private var units = 0
    /// Bytes in it.
    private(set) var count = 0
    /// Bytes that it can have.
    let capacity: Int

    /// An empty buffer.
    ///
    /// - Parameter budget: of units.
    /// - Throws: `ENOMEM`.
    init(capacity: Int, budget: DirtyBudget) throws(Errno) {
        region = try MappedRegion(byteCount: capacity)
        self.capacity = capacity
        self.budget = budget
    }

    deinit { budget.give(units) }

    /// Whether nothing more goes in.
    var isFull: Bool { count == capacity }

    /// Counts memory for more bytes, which must fit, if there is any.
    ///
    /// What has more than a MiB is counted as the least part at once: then whoever has begun one can always fill and send it,
    /// and many who write at a time do not wait for each other.
    func reserve(_ bytes: Int) -> Bool {
        let end = count + bytes
        let bound = end <= Self.small ? end : max(end, min(PartSizes.least, capacity))
        let wanted = (bound - 1) / Self.unit + 1 - units
        guard wanted > 0 else { return true }
        guard budget.take(wanted) else { return false }
        units += wanted
        return true
    }

    /// Bytes up to which memory is counted as it is needed.
    private static let small = 1 << 20

    /// Appends bytes that were reserved.
    func append(_ bytes: RawSpan) {
        precondition(bytes.byteCount <= units * Self.unit - count && bytes.byteCount <= capacity - count, "no room")
        guard bytes.byteCount > 0 else { return }
        unsafe bytes.withUnsafeBytes { source in
            unsafe (region.base + count).copyMemory(
                from: source.baseAddress.unsafelyUnwrapped, byteCount: source.count)
        }
        count += bytes.byteCount
    }

    /// What is in it.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: region.base, count: count)
            let span = unsafe RawSpan(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
