import CRingFUSE
import Glibc
import RingFUSE
import Synchronization
import SystemPackage

extension DirectoryStore {
    /// Whether its file system can say what would have to be waited for, as far as is known.
    public var getsImmediately: Bool { canTry.load(ordering: .relaxed) }

    /// Reads what the kernel has in its page cache: three system calls, and neither a ring nor a task to wait.
    public func getImmediately(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan
    ) -> Bool {
        precondition(count <= buffer.freeCapacity, "more than there is room for")
        guard getsImmediately else { return false }
        do throws(ObjectStoreError) { try check(key) } catch { return false }
        do throws(Errno) {
            let file = try PathBytes(key.description).openImmediately(in: root)
            defer { try? file.close() }
            return try Self.read(file, at: offset, count: count, into: &buffer)
        } catch {
            // A file system that cannot say what would have to be waited for, or a kernel before 5.12: it stays so.
            let stays: [Errno] = [.notSupported, .invalidArgument, .noFunction]
            if stays.contains(error) { canTry.store(false, ordering: .relaxed) }
            return false
        }
    }

    /// Reads what is in the page cache.
    ///
    /// - Returns: whether all of it is; nothing is read where not.
    /// - Throws: `EAGAIN` where nothing is.
    private static func read(
        _ file: FileDescriptor,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan
    ) throws(Errno) -> Bool {
        let read = unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            guard let base = bytes.baseAddress else { return 0 }
            let result = unsafe rfuse_try_read(file.rawValue, base + initialized, count, offset)
            if result == count { initialized += count }
            return result
        }
        guard read >= 0 else { throw Errno(rawValue: CInt(-read)) }
        return read == count
    }
}
