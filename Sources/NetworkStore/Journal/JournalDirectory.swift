internal import Glibc
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The directory of a journal: a file that says whose it is, segments, and what could not be brought into the volume. One process has it
/// at a time, until it closes it.
final class JournalDirectory: Sendable {
    /// The directory.
    let path: FilePath
    /// The volume's identifier.
    let volume: String
    /// The journal's: 32 hexadecimal digits.
    let identifier: String
    private let lock: Mutex<FileDescriptor?>
    /// The format that the file names: what comes later is not to take a newer journal for one that it can read.
    private let format: UInt64

    /// What the names of segments end with.
    private static let suffix = ".segment"
    /// What the first line of the file begins with that says whose it is; the format of the newest segment follows.
    private static let title = "ringfuse journal "
    /// What an empty directory may have in it: file systems make the first, and one that was locked before it was made a journal has the
    /// second.
    private static let harmless: Set<String> = ["lost+found", "lock", "journal.new"]

    /// Opens the journal of a volume, or makes it.
    init(_ path: FilePath, volume: String) throws(JournalFailure) {
        self.path = path
        self.volume = volume
        try Self.checked(path) { () throws(Errno) in try Self.makeDirectories(path) }
        let lockPath = path.appending("lock")
        let descriptor = try Self.checked(lockPath) { () throws(Errno) in
            try Self.open(lockPath, O_RDWR | O_CREAT)
        }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try? descriptor.close()
            throw .inUse(path)
        }
        do throws(JournalFailure) {
            (identifier, format) = try Self.identifier(in: path, volume)
        } catch {
            try? descriptor.close()
            throw error
        }
        lock = Mutex(descriptor)
    }

    deinit { close() }

    /// Another process may have it.
    func close() { try? lock.withLock { $0.take() }?.close() }

    /// Where what could not be brought into the volume is saved.
    var lostAndFound: FilePath { path.appending("lost+found") }

    /// The path of a segment.
    func path(ofSegment number: UInt64) -> FilePath { path.appending(String(number) + Self.suffix) }

    /// The numbers of the segments, in order.
    func segments() throws(JournalFailure) -> [UInt64] {
        try Self.checked(path) { () throws(Errno) in
            try Self.names(in: path).compactMap { name in
                name.hasSuffix(Self.suffix) ? UInt64(name.dropLast(Self.suffix.count)) : nil
            }.sorted()
        }
    }

    /// The bytes of a segment.
    func bytes(ofSegment number: UInt64) throws(JournalFailure) -> ContiguousArray<UInt8> {
        let path = path(ofSegment: number)
        return try Self.checked(path) { () throws(Errno) in try Self.read(path) }
    }

    /// Removes a segment, for good.
    func remove(segment number: UInt64) throws(JournalFailure) {
        let path = path(ofSegment: number)
        try Self.checked(path) { () throws(Errno) in
            guard unsafe unlink(path.string) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
            try Self.synchronize(self.path)
        }
    }

    // MARK: Whose it is

    /// The identifier of the journal in a directory, which becomes one where there is none, and its format.
    private static func identifier(
        in path: FilePath,
        _ volume: String
    ) throws(JournalFailure) -> (String, format: UInt64) {
        let file = path.appending("journal")
        if let bytes = try? read(file) {
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            guard let line = lines.first, line.hasPrefix(title), let format = UInt64(line.dropFirst(title.count)) else {
                throw .noJournal(path)
            }
            guard format <= JournalSegment.Header.newest else { throw .newer(file, format: format) }
            guard lines.count == 3, lines[2].utf8.count == 32 else { throw .noJournal(path) }
            guard lines[1] == volume else { throw .foreign(path, volume: lines[1]) }
            return (lines[2], format)
        }
        let identifier = Hexadecimal.text(RandomBytes.make(16))
        let found = try checked(path) { () throws(Errno) in try names(in: path) }
        guard harmless.isSuperset(of: found) else { throw .noJournal(path) }
        try name(identifier, volume, in: path)
        return (identifier, UInt64(JournalSegment.Header.newest))
    }

    /// Writes whose the journal in a directory is, and that it has segments of the newest format.
    private static func name(_ identifier: String, _ volume: String, in path: FilePath) throws(JournalFailure) {
        let file = path.appending("journal")
        try checked(file) { () throws(Errno) in
            let new = path.appending("journal.new")
            let text = "\(title)\(JournalSegment.Header.newest)\n\(volume)\n\(identifier)\n"
            try write(ContiguousArray(text.utf8), to: new)
            guard unsafe rename(new.string, file.string) == 0 else { throw Errno(rawValue: errno) }
            try synchronize(path)
        }
    }

    /// Says that there are going to be segments of the newest format: an older version would take one for damaged, and remove it.
    func raiseFormat() throws(JournalFailure) {
        guard format < JournalSegment.Header.newest else { return }
        try Self.name(identifier, volume, in: path)
    }

    // MARK: Files

    /// Turns what the system says into a line that names the path.
    private static func checked<Result>(
        _ path: FilePath,
        _ body: () throws(Errno) -> Result
    ) throws(JournalFailure) -> Result {
        do throws(Errno) { return try body() } catch { throw .system(path, error) }
    }

    /// Makes a directory, and those that it is in.
    static func makeDirectories(_ path: FilePath) throws(Errno) {
        var isMade = unsafe mkdir(path.string, 0o700) == 0
        let parent = path.removingLastComponent()
        if !isMade, errno == ENOENT, !parent.isEmpty, parent != path {
            try makeDirectories(parent)
            isMade = unsafe mkdir(path.string, 0o700) == 0
        }
        if isMade { return try synchronize(parent) }
        guard errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    /// Opens a file.
    static func open(_ path: FilePath, _ flags: CInt) throws(Errno) -> FileDescriptor {
        let descriptor = unsafe Glibc.open(path.string, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: descriptor)
    }

    /// Has the names in a directory be on the disk.
    static func synchronize(_ path: FilePath) throws(Errno) {
        let directory = try open(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY)
        defer { try? directory.close() }
        guard fsync(directory.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func names(in path: FilePath) throws(Errno) -> [String] {
        guard let stream = unsafe opendir(path.string) else { throw Errno(rawValue: errno) }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func read(_ path: FilePath) throws(Errno) -> ContiguousArray<UInt8> {
        let file = try open(path, O_RDONLY)
        defer { try? file.close() }
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        var failure: Errno?
        let bytes = unsafe ContiguousArray<UInt8>(unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            while count < buffer.count {
                let part = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let read = unsafe Glibc.read(file.rawValue, part.baseAddress, part.count)
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = Errno(rawValue: errno) }
                guard read > 0 else { break }
                count += read
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Makes a file that is on the disk when this returns, but for its name.
    static func write(_ bytes: ContiguousArray<UInt8>, to path: FilePath) throws(Errno) {
        let file = try open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { try? file.close() }
        try write(ArraySlice(bytes), to: file, at: 0)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Writes bytes to a file.
    static func write(_ bytes: ArraySlice<UInt8>, to file: FileDescriptor, at offset: UInt64) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { source in
                let part = unsafe UnsafeRawBufferPointer(rebasing: source[done...])
                return unsafe pwrite(file.rawValue, part.baseAddress, part.count, off_t(offset) + off_t(done))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw written < 0 ? Errno(rawValue: errno) : .ioError }
            done += written
        }
    }
}
