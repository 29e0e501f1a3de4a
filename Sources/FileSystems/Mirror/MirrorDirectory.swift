internal import CRingFUSE
internal import Glibc
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// An open directory of the source.
///
/// Cookies are the directory's own positions (`d_off`), which the file system keeps good while names come and go.
@safe
final class MirrorDirectory: @unchecked Sendable {
    /// Where the reading is. Guarded by a lock, because programs may read one open directory several times at once.
    private struct Progress {
        /// The bytes in the buffer.
        var filled = 0
        /// Those of them that were handed out.
        var consumed = 0
        /// The cookie of what comes next.
        var cookie: UInt64 = 0
    }

    /// The descriptor, open for reading.
    let descriptor: CInt
    private let progress = Mutex(Progress())
    /// Touched under the lock.
    private let buffer: UnsafeMutableRawBufferPointer

    /// An open directory, which owns its descriptor.
    init(descriptor: CInt) {
        self.descriptor = descriptor
        // As much as the C library's own.
        unsafe buffer = .allocate(byteCount: 32 << 10, alignment: 8)
    }

    deinit {
        unsafe buffer.deallocate()
        _ = rfuse_close(descriptor)
    }

    /// What the directory says of a name.
    struct Record {
        /// The inode number.
        let inode: UInt64
        /// The type, where the file system tells it.
        let type: NodeType?
        /// Where to read on after this name.
        let cookie: UInt64
    }

    /// Hands out what comes after a cookie until `body` refuses or the directory ends.
    ///
    /// - Parameters:
    ///   - cookie: 0 for the start.
    ///   - body: called with the lock held; returns false to refuse an entry, which will be the first of the next call
    ///     that goes on from here.
    func entries(
        after cookie: UInt64,
        _ body: (Name, Record) throws(Errno) -> Bool
    ) throws(Errno) {
        try progress.withLock { progress throws(Errno) in
            // The start is always read anew: a program that rewinds wants to see what has changed.
            if cookie != progress.cookie || cookie == 0 {
                progress = Progress()
                try checked(rfuse_seek(descriptor, cookie, SEEK_SET))
                progress.cookie = cookie
            }
            while true {
                if progress.consumed == progress.filled {
                    progress.consumed = 0
                    progress.filled = 0
                    progress.filled = try fill()
                    if progress.filled == 0 { return }
                }
                var entry = unsafe rfuse_directory_entry()
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[progress.consumed..<progress.filled])
                try checked(unsafe rfuse_decode_entry(rest.baseAddress, rest.count, &entry))
                let bytes = unsafe UnsafeBufferPointer(start: entry.name, count: Int(entry.name_length))
                let record = unsafe Record(
                    inode: entry.inode,
                    // DT_* are the upper bits of the mode.
                    type: NodeType(rawValue: entry.type << 12),
                    cookie: UInt64(bitPattern: entry.next)
                )
                guard try body(unsafe Name(bytes.span), record) else { return }
                unsafe progress.consumed += Int(entry.record_length)
                progress.cookie = record.cookie
            }
        }
    }

    /// Reads records into the buffer; 0 at the end.
    private func fill() throws(Errno) -> Int {
        do throws(Errno) {
            return try checked(unsafe rfuse_read_directory(descriptor, buffer.baseAddress, buffer.count))
        } catch {
            // What Linux says of a directory that has been removed.
            guard error == .noSuchFileOrDirectory else { throw error }
            return 0
        }
    }
}
