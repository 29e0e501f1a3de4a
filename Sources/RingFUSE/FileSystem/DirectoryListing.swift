import CRingFUSE
import FUSEProtocol

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
    /// What was written: what the kernel gets to see.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: count), borrowing: self) }
    }
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
        type: NodeType?,
        cookie: UInt64
    ) -> Bool {
        let isPlus = wantsEntries
        return write { (output: inout OutputRawSpan) throws(WireError) in
            // Node 0 tells the kernel that there are no attributes here.
            isPlus
                ? try DirectoryEncoder.append(
                    entry: fuse_entry_out(), name: name.bytes, inode: inode, nextOffset: cookie,
                    type: type?.directoryType ?? 0, to: &output)
                : try DirectoryEncoder.append(
                    name: name.bytes, inode: inode, nextOffset: cookie, type: type?.directoryType ?? 0, to: &output)
        }
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
        let inode = entry.attributes.inode
        let type = entry.attributes.mode.type
        // The kernel takes the entries of "." and ".." for no lookup: it must not get their nodes.
        guard wantsEntries, !name.isDotOrDotDot else { return append(name, inode: inode, type: type, cookie: cookie) }
        return write { (output: inout OutputRawSpan) throws(WireError) in
            try DirectoryEncoder.append(
                entry: fuse_entry_out(entry), name: name.bytes, inode: inode, nextOffset: cookie,
                type: type?.directoryType ?? 0, to: &output)
        }
    }

    /// Runs an encoder on the free part of the reply.
    ///
    /// - Returns: whether the entry fitted. A name that no directory can hold would make the kernel refuse the whole
    ///   reply; it is left out, as if it had fitted.
    private mutating func write(_ encode: (inout OutputRawSpan) throws(WireError) -> Bool) -> Bool {
        let free = unsafe UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
        var output = unsafe OutputRawSpan(buffer: free, initializedCount: 0)
        do throws(WireError) {
            guard try encode(&output) else { return false }
            count += output.byteCount
        } catch {
            assertionFailure("a name that no directory can hold: \(error)")
        }
        return true
    }
}
