internal import DequeModule
internal import Glibc
internal import RingFUSE
internal import Synchronization
public import SystemPackage

/// What was fetched of objects, on a local disk: survives the mount, and is there again with the next one.
///
/// An object is a sparse file that has at the object's own offsets what was fetched of it. Nothing else is written down: a block
/// that is read here and has not the checksum that the metadata tell is not there, whether it was never fetched, or the disk
/// has lost it. What goes first when space is short is what was not used since it was last considered.
///
/// Errors of the disk are none of the volume's: what cannot be read is fetched, what cannot be written is not kept.
public final class DiskCache: Sendable {
    fileprivate struct Entry {
        /// Bytes that were written.
        var bytes: UInt64
        /// Whether it was used since it was last considered.
        var isUsed: Bool
    }

    fileprivate struct State {
        var entries: [ObjectNumber: Entry] = [:]
        var order: Deque<ObjectNumber> = []
        var bytes: UInt64 = 0
    }

    private let directory: FilePath
    private let limit: UInt64
    private let lock: FileDescriptor
    private let state = Mutex(State())

    /// Directories that objects are spread over.
    private static let fanOut: UInt64 = 256
    /// The directory that whole paths are relative to: none.
    private static let anywhere = FileDescriptor(rawValue: AT_FDCWD)

    /// Opens the cache of a volume, and finds what is in it.
    ///
    /// - Parameters:
    ///   - parent: a directory for caches of any volumes; made where there is none.
    ///   - limit: bytes that it may take.
    ///   - volume: the volume's identifier.
    /// - Throws: what the system says; `EWOULDBLOCK` where another mount has it.
    public init(in parent: FilePath, limit: UInt64, volume: String) throws(Errno) {
        let directory = parent.appending(volume)
        self.directory = directory
        self.limit = limit
        try Self.makeDirectory(parent)
        try Self.makeDirectory(directory)
        for number in 0..<Self.fanOut { try Self.makeDirectory(Self.fan(number, in: directory)) }
        let descriptor = unsafe Glibc.open(directory.appending("lock").string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        lock = FileDescriptor(rawValue: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            Glibc.close(descriptor)
            throw error
        }
        scan()
    }

    deinit { try? lock.close() }

    /// Bytes that are kept.
    var bytes: UInt64 { state.withLock { $0.bytes } }

    // MARK: Blocks

    /// Reads what may be there of an object: the caller has to check it.
    ///
    /// - Parameter range: bytes of the object as it is stored.
    /// - Returns: whether all of the range was read, of which any part may never have been fetched.
    func read(
        _ range: Range<Int>,
        of object: ObjectNumber,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async -> Bool {
        let isKnown = state.withLock { state in
            guard state.entries[object] != nil else { return false }
            state.entries[object]?.isUsed = true
            return true
        }
        guard isKnown, let file = await open(object, O_RDONLY, io) else { return false }
        let before = buffer.byteCount
        do throws(Errno) {
            while buffer.byteCount - before < range.count {
                let done = buffer.byteCount - before
                let count = try await io.read(
                    file, into: &buffer, count: range.count - done, at: UInt64(range.lowerBound + done))
                if count == 0 { break }
            }
        } catch {
            // As if it were not there.
        }
        try? await io.close(file)
        guard buffer.byteCount - before == range.count else {
            buffer.removeLast(buffer.byteCount - before)
            return false
        }
        return true
    }

    /// Keeps what was fetched of an object.
    ///
    /// - Parameter offset: bytes from the start of the object as it is stored.
    func write(_ bytes: RawSpan, of object: ObjectNumber, at offset: Int, _ io: borrowing AsyncIO) async {
        guard UInt64(bytes.byteCount) <= limit / 2 else { return }
        await makeRoom(for: UInt64(bytes.byteCount), io)
        guard let file = await open(object, O_WRONLY | O_CREAT, io) else { return }
        do throws(Errno) {
            var done = 0
            while done < bytes.byteCount {
                let rest = bytes.extracting(done..<bytes.byteCount)
                done += try await io.write(file, from: rest, at: UInt64(offset + done))
            }
            note(object, UInt64(bytes.byteCount))
        } catch {
            // What there is of it is found out by its checksum.
        }
        try? await io.close(file)
    }

    private func open(_ object: ObjectNumber, _ flags: CInt, _ io: borrowing AsyncIO) async -> FileDescriptor? {
        let path = PathBytes(path(of: object).string)
        return try? await path.open(in: Self.anywhere, flags: flags, mode: 0o600, io)
    }

    private func note(_ object: ObjectNumber, _ bytes: UInt64) {
        state.withLock { state in
            if state.entries[object] == nil {
                state.entries[object] = Entry(bytes: 0, isUsed: false)
                state.order.append(object)
            }
            state.entries[object]?.bytes += bytes
            state.bytes += bytes
        }
    }

    // MARK: Space

    /// Removes objects until there is room.
    private func makeRoom(for bytes: UInt64, _ io: borrowing AsyncIO) async {
        while let object = state.withLock({ $0.victim(limit: limit, bytes) }) {
            let path = PathBytes(path(of: object).string)
            try? await path.remove(in: Self.anywhere, io)
        }
    }

    private func path(of object: ObjectNumber) -> FilePath {
        Self.fan(object % Self.fanOut, in: directory).appending(String(object, radix: 16))
    }

    private static func fan(_ number: UInt64, in directory: FilePath) -> FilePath {
        directory.appending(String(number, radix: 16))
    }

    private static func makeDirectory(_ path: FilePath) throws(Errno) {
        guard unsafe mkdir(path.string, 0o700) != 0, errno != EEXIST else { return }
        throw Errno(rawValue: errno)
    }

    /// Finds what is there from before.
    private func scan() {
        for number in 0..<Self.fanOut {
            let fan = Self.fan(number, in: directory)
            guard let stream = unsafe opendir(fan.string) else { continue }
            defer { unsafe _ = closedir(stream) }
            while let entry = unsafe readdir(stream) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
                }
                guard let object = ObjectNumber(name, radix: 16) else { continue }
                var status = stat()
                guard unsafe stat(fan.appending(name).string, &status) == 0 else { continue }
                note(object, UInt64(status.st_blocks) * 512)
            }
        }
    }
}

extension DiskCache.State {
    /// What is to go, so that there is room for so many bytes; `nil` where there is.
    fileprivate mutating func victim(limit: UInt64, _ wanted: UInt64) -> ObjectNumber? {
        guard bytes + wanted > limit else { return nil }
        while let object = order.popFirst() {
            guard let entry = entries[object] else { continue }
            if entry.isUsed {
                entries[object]?.isUsed = false
                order.append(object)
                continue
            }
            entries[object] = nil
            bytes -= entry.bytes
            return object
        }
        return nil
    }
}
