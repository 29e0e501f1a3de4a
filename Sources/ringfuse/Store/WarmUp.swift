import Glibc
import RingFUSE
import Synchronization
import SystemPackage

/// Reads files of a mount, so that what they have is in the caches of its server.
///
/// Several at a time, past the kernel's own cache, and holes not at all. Nothing is written down: what was read before is in
/// the cache, and is read again at the speed of that.
final class WarmUp: Sendable {
    /// What was read.
    struct Sum: Sendable, CustomStringConvertible {
        var files = 0
        var bytes: UInt64 = 0
        var failures = 0

        /// What was read, for people.
        var description: String { "\(files) files, \(ByteSize(bytes: Int(bytes)).rounded)" }
    }

    private let worker: BackgroundWorker
    private let jobs: Int
    private let sum = Mutex(Sum())
    private let progress = ProgressLine()

    /// Files that are known before they are read.
    private static let batch = 1000
    /// Bytes that are read at a time.
    private static let piece = 1 << 20
    /// `O_DIRECT`, which Glibc's module does not have.
    private static let direct = CInt(bitPattern: OpenFlags.direct.rawValue)

    /// A reader of so many files at a time.
    init(_ worker: BackgroundWorker, jobs: Int) {
        self.worker = worker
        self.jobs = jobs
    }

    /// What was read up to now.
    var soFar: Sum { sum.withLock { $0 } }

    /// Reads files, and all below directories.
    ///
    /// - Returns: what was read; failures have been told.
    func run(_ paths: [FilePath]) async -> Sum {
        var pending: [FilePath] = []
        for path in paths {
            guard let root = Status(path) else {
                fail(path, Errno(rawValue: errno))
                continue
            }
            // The deepest first, so that few directories wait.
            var waiting = [path]
            while let next = waiting.popLast() {
                guard let status = Status(next), status.device == root.device else { continue }
                if status.isFile { pending.append(next) }
                if status.isDirectory { waiting += entries(of: next) }
                if pending.count >= Self.batch {
                    await read(pending)
                    pending = []
                }
            }
        }
        await read(pending)
        progress.close()
        return soFar
    }

    private func fail(_ path: FilePath, _ error: Errno) {
        StandardError.write("ringfuse: \(path): \(error)")
        sum.withLock { $0.failures += 1 }
    }

    // MARK: Walking

    /// What matters of a file.
    private struct Status {
        let device: dev_t
        private let mode: mode_t

        /// Of a file that is there; symbolic links are not followed.
        init?(_ path: FilePath) {
            var status = stat()
            guard unsafe lstat(path.string, &status) == 0 else { return nil }
            device = status.st_dev
            mode = status.st_mode & S_IFMT
        }

        var isFile: Bool { mode == S_IFREG }
        var isDirectory: Bool { mode == S_IFDIR }
    }

    private func entries(of directory: FilePath) -> [FilePath] {
        guard let stream = unsafe opendir(directory.string) else {
            fail(directory, Errno(rawValue: errno))
            return []
        }
        defer { unsafe _ = closedir(stream) }
        var paths: [FilePath] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe FilePath.Component(platformString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if let name, name.kind == .regular { paths.append(directory.appending(name)) }
        }
        return paths
    }

    // MARK: Reading

    /// Files that are to be read.
    private final class Queue: Sendable {
        private let paths: Mutex<ArraySlice<FilePath>>

        init(_ paths: [FilePath]) { self.paths = Mutex(paths[...]) }

        func next() -> FilePath? { paths.withLock { $0.popFirst() } }
    }

    /// Reads files, several at a time.
    private func read(_ paths: [FilePath]) async {
        let queue = Queue(paths)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<min(jobs, paths.count) {
                group.addTask {
                    await self.worker.run { io in
                        while let path = queue.next() { await self.read(path, io) }
                    }
                }
            }
        }
    }

    /// Reads a file.
    private func read(_ path: FilePath, _ io: borrowing AsyncIO) async {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.piece, alignment: 4096)
        defer { unsafe memory.deallocate() }
        do throws(Errno) {
            let descriptor = try await open(path, io)
            defer { try? descriptor.close() }
            var position: UInt64 = 0
            while let start = try data(of: descriptor, from: position) {
                var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
                let count = try await io.read(descriptor, into: &output, at: start)
                if count == 0 { break }
                position = start + UInt64(count)
                note(files: 0, bytes: UInt64(count))
            }
            note(files: 1, bytes: 0)
        } catch {
            fail(path, error)
        }
    }

    /// Opens a file, past the kernel's cache.
    private func open(_ path: FilePath, _ io: borrowing AsyncIO) async throws(Errno) -> FileDescriptor {
        let bytes = path.string.utf8CString
        let name = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        defer { unsafe name.deallocate() }
        for (index, byte) in bytes.enumerated() { unsafe name[index] = byte }
        return try await unsafe io.open(
            name, in: FileDescriptor(rawValue: AT_FDCWD), flags: O_RDONLY | O_NOFOLLOW | Self.direct)
    }

    /// Where there is data next; `nil` at the end.
    private func data(of file: FileDescriptor, from position: UInt64) throws(Errno) -> UInt64? {
        let found = lseek(file.rawValue, off_t(position), CInt(SeekTarget.data.rawValue))
        guard found < 0 else { return UInt64(found) }
        let error = Errno(rawValue: errno)
        if error == .noSuchAddressOrDevice { return nil }
        throw error
    }

    private func note(files: Int, bytes: UInt64) {
        let now = sum.withLock { sum in
            sum.files += files
            sum.bytes += bytes
            return sum
        }
        progress.show("\(now)")
    }
}
