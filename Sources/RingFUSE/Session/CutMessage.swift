import Glibc
import SystemPackage

/// Memory for a message whose last bytes cannot be read: the kernel does what the message says before it copies them.
///
/// Invariant: the mapping is two pages long, of which the first may be written and the second not be touched; whoever owns it is the
/// only one to use it.
@safe
struct CutMessage: ~Copyable, @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let pageSize: Int

    private init(_ base: UnsafeMutableRawPointer, pageSize: Int) {
        unsafe self.base = base
        self.pageSize = pageSize
    }

    /// Makes a mapping.
    ///
    /// - Throws: `ENOMEM`.
    static func make() throws(Errno) -> CutMessage {
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let base = unsafe mmap(nil, 2 * pageSize, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe base != MAP_FAILED
        else { throw Errno(rawValue: errno) }
        guard unsafe mprotect(base + pageSize, pageSize, PROT_NONE) == 0 else {
            let failure = Errno(rawValue: errno)
            unsafe munmap(base, 2 * pageSize)
            throw failure
        }
        return unsafe CutMessage(base, pageSize: pageSize)
    }

    deinit { unsafe munmap(base, 2 * pageSize) }

    /// Writes bytes, which must fit into a page, followed by some that cannot be read.
    ///
    /// - Returns: what the kernel says: `EFAULT` where it has come to those.
    func write(_ bytes: [UInt8], followedBy missing: Int, to device: FileDescriptor) -> Errno? {
        precondition(bytes.count <= pageSize && missing <= pageSize, "a message that is too long")
        let start = unsafe base + (pageSize - bytes.count)
        unsafe UnsafeMutableRawBufferPointer(start: start, count: bytes.count).copyBytes(from: bytes)
        return unsafe Glibc.write(device.rawValue, start, bytes.count + missing) < 0 ? Errno(rawValue: errno) : nil
    }
}
