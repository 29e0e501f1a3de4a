/// What the kernel may cache of the content of a file that other sessions may change.
///
/// A program's write goes into the kernel's page first, and is a request then (`fuse_perform_write`, fs/fuse/file.c; a page that holds
/// all it should is not locked meanwhile). If the page is dropped in between, and read again before the request is taken, then
/// what was written is in the file, and not in the page: whoever reads it next, under whatever lock, finds what was there before. No server can
/// see a write that is under way. It can see that a page was filled again since pages may have been dropped; of such pages a write is
/// not answered before they are dropped once more.
struct KernelPages: Sendable {
    /// The version of the file that the pages are of; `nil` where they are of none, or of several.
    var version: UInt64?
    /// Times that the kernel is being told of the file's size, which it may not know yet.
    var untold = 0
    /// Pages that were filled since some may have been dropped, by number: read, or written as a whole; `nil` before any may have been.
    private var filled: RangeSet<UInt64>?

    /// Bytes of a page.
    private static let pageSize: UInt64 = 4096
    /// Runs of pages that are told apart; beyond it all count as filled.
    private static let runLimit = 4096
    /// All pages that a file can have.
    private static let all = 0..<UInt64(Int64.max) / pageSize

    /// Pages of a version, of which none was dropped yet.
    init(version: UInt64? = nil) { self.version = version }

    /// Whether the kernel has a version of the file, its size included, and nothing else.
    func areOf(version: UInt64) -> Bool { self.version == version && untold == 0 }

    /// Whether the kernel may have dropped pages while the file was in use.
    var isContended: Bool { filled != nil }

    /// The pages are of a version, or of a later one: what is older was dropped.
    mutating func note(version: UInt64) {
        guard self.version.map({ $0 < version }) ?? true else { return }
        self.version = version
    }

    /// The kernel is going to drop all pages, at a time that is not known, if it does.
    mutating func expectDrop() { filled = filled ?? RangeSet() }

    /// All pages are about to be dropped: those that were filled so far are gone then.
    mutating func beginDrop() { filled = RangeSet() }

    /// They may not have been, or it is not known any more which were filled: all count as filled.
    mutating func loseTrack() { filled = RangeSet(Self.all) }

    /// Nobody has the file open: no write is under way.
    mutating func settle() {
        if untold > 0 { version = nil }
        untold = 0
        if isContended { beginDrop() }
    }

    /// A range of bytes is read: the kernel fills its pages.
    mutating func noteRead(_ range: Range<UInt64>) { fill(Self.pages(touchedBy: range)) }

    /// A write was taken.
    ///
    /// - Parameters:
    ///   - range: where the kernel has written, in bytes.
    ///   - isElsewhere: whether that is not where the bytes belong. Then pages that were written as a whole are wrong. One that was written
    ///     in part and was not filled before is locked until the write is answered, and read anew after that.
    /// - Returns: what is to be dropped before the write is answered, as a range of bytes; `nil` for nothing.
    mutating func noteWrite(_ range: Range<UInt64>, isElsewhere: Bool) -> Range<UInt64>? {
        guard !range.isEmpty, isElsewhere || isContended else { return nil }
        let (whole, touched) = (Self.pages(coveredBy: range), Self.pages(touchedBy: range))
        let isStale = { (page: UInt64) in
            (isElsewhere && whole.contains(page)) || (self.filled?.contains(page) ?? false)
        }
        guard let first = touched.first(where: isStale), let last = touched.last(where: isStale) else {
            fill(whole)
            return nil
        }
        filled?.remove(contentsOf: touched)
        return first * Self.pageSize..<(last + 1) * Self.pageSize
    }

    private mutating func fill(_ pages: Range<UInt64>) {
        filled?.insert(contentsOf: pages)
        if let count = filled?.ranges.count, count > Self.runLimit { loseTrack() }
    }

    /// The pages of which a range of bytes has anything.
    private static func pages(touchedBy range: Range<UInt64>) -> Range<UInt64> {
        range.lowerBound / pageSize..<(range.upperBound + pageSize - 1) / pageSize
    }

    /// The pages of which a range of bytes has all.
    private static func pages(coveredBy range: Range<UInt64>) -> Range<UInt64> {
        let (first, end) = ((range.lowerBound + pageSize - 1) / pageSize, range.upperBound / pageSize)
        return first..<max(first, end)
    }
}
