import CRingFUSE
import Glibc
import RingFUSE
import SystemPackage

/// A NUL-terminated path that stays where it is while operations name it.
@safe
struct PathBytes: ~Copyable {
    private let memory: UnsafeMutablePointer<CChar>

    /// A copy of a path, which has no NUL.
    init(_ path: String) {
        let count = path.utf8.count
        unsafe memory = .allocate(capacity: count + 1)
        var index = 0
        for byte in path.utf8 {
            unsafe memory[index] = CChar(bitPattern: byte)
            index += 1
        }
        unsafe memory[count] = 0
    }

    deinit { unsafe memory.deallocate() }

    /// The path, while this lives.
    @unsafe var pointer: UnsafePointer<CChar> { unsafe UnsafePointer(memory) }

    /// Opens it, relative to a directory.
    borrowing func open(
        in directory: FileDescriptor,
        flags: CInt,
        mode: UInt32 = 0,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> FileDescriptor {
        try await unsafe io.open(memory, in: directory, flags: flags, mode: mode)
    }

    /// Opens it for reading, relative to a directory, where the kernel knows the way to it by heart.
    ///
    /// - Throws: `EAGAIN` where it does not; what opening throws.
    borrowing func openImmediately(in directory: FileDescriptor) throws(Errno) -> FileDescriptor {
        let file = unsafe rfuse_try_open(directory.rawValue, memory, O_RDONLY | O_NOFOLLOW)
        guard file >= 0 else { throw Errno(rawValue: CInt(-file)) }
        return FileDescriptor(rawValue: CInt(file))
    }

    /// Gives it another name in the same directory.
    borrowing func rename(
        to other: borrowing PathBytes,
        in directory: FileDescriptor,
        _ io: borrowing AsyncIO
    ) async throws(Errno) {
        try await unsafe io.rename(memory, in: directory, to: other.memory, in: directory)
    }

    /// Removes a file of that name.
    borrowing func remove(in directory: FileDescriptor, _ io: borrowing AsyncIO) async throws(Errno) {
        try await unsafe io.remove(memory, in: directory)
    }

    /// Makes a directory of that name.
    borrowing func makeDirectory(in directory: FileDescriptor, _ io: borrowing AsyncIO) async throws(Errno) {
        try await unsafe io.makeDirectory(memory, in: directory, mode: 0o700)
    }

    /// The size of a file of that name; `nil` where it is something else.
    borrowing func fileSize(in directory: FileDescriptor, _ io: borrowing AsyncIO) async throws(Errno) -> UInt64? {
        let status = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 8)
        defer { unsafe status.deallocate() }
        unsafe status.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
        // STATX_TYPE and STATX_SIZE; AT_SYMLINK_NOFOLLOW.
        try await unsafe io.statx(memory, in: directory, flags: 0x100, mask: 0x201, into: status)
        // stx_mode is at 28, stx_size at 40.
        let mode = unsafe status.load(fromByteOffset: 28, as: UInt16.self)
        guard mode & 0o170000 == 0o100000 else { return nil }
        return unsafe status.load(fromByteOffset: 40, as: UInt64.self)
    }
}
