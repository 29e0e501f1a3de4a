/// What is read of a directory in one request: entries are appended until one does not fit.
///
/// The listing writes straight into the reply. It cannot be kept: it is borrowed from the request.
@safe
public struct DirectoryListing: ~Copyable {
    /// Whether the kernel also wants each entry's attributes (READDIRPLUS).
    ///
    /// Where it does, ``append(_:entry:cookie:)`` saves it a lookup of each name; plain
    /// ``append(_:inode:type:cookie:)`` stays right.
    public let wantsEntries: Bool
    /// Bytes written.
    private(set) var count = 0
    private let base: UnsafeMutableRawPointer
    private let capacity: Int

    /// A listing over reply memory.
    ///
    /// - Parameters:
    ///   - base: where the reply goes; valid and not otherwise used while the listing lives.
    ///   - capacity: bytes there, at most what the kernel asked for.
    ///   - wantsEntries: whether the request is READDIRPLUS.
    @unsafe
    package init(base: UnsafeMutableRawPointer, capacity: Int, wantsEntries: Bool) {
        unsafe self.base = base
        self.capacity = capacity
        self.wantsEntries = wantsEntries
    }

    /// Appends an entry without attributes.
    ///
    /// - Parameters:
    ///   - name: the entry's name.
    ///   - inode: the inode number that `readdir` shows.
    ///   - type: the type that `readdir` shows; `nil` for unknown.
    ///   - cookie: where a later read goes on **after** this entry; not 0.
    /// - Returns: false where it does not fit: return, and the kernel asks again from the last cookie.
    public mutating func append(
        _ name: borrowing Name,
        inode: UInt64,
        type: FileType?,
        cookie: UInt64
    ) -> Bool {
        false
    }

    /// Appends an entry with its attributes, which counts as one lookup of its node
    /// (except for `.` and `..`) if the kernel wants entries and it fits.
    ///
    /// - Parameters:
    ///   - name: the entry's name.
    ///   - entry: node and attributes.
    ///   - cookie: where a later read goes on **after** this entry; not 0.
    /// - Returns: whether it fitted. On true **and** ``wantsEntries``, the node has been looked up once more.
    public mutating func append(_ name: borrowing Name, entry: Entry, cookie: UInt64) -> Bool {
        false
    }
}
