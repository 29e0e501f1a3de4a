import CRingFUSE
import Glibc
public import RingFUSE
import Synchronization
public import SystemPackage

/// Objects as files in a directory.
///
/// An object is written under a temporary name, made durable, and renamed: a reader never sees half of one, and a crash
/// leaves nothing but a temporary file. Keys are paths; a key cannot be the beginning of another one's path.
public final class DirectoryStore: ObjectStore {
    /// The URL of the directory.
    public let name: String
    let root: FileDescriptor
    /// Reads directories, which no ring does.
    let scanner = ThreadPool(threads: 1)
    /// Whether its file system can say what would have to be waited for.
    let canTry = Atomic(true)
    private let state = Mutex(State())

    private struct State {
        /// Directories that are durable up to the root, by their paths.
        var durable: Set<String> = [""]
        var hasSwept = false
        var counter: UInt64 = 0
    }

    /// Where objects are that are being written. No key begins with it.
    static let temporaryDirectory = ".ringfuse-tmp"
    /// Tells this process's temporary files from others'.
    private let token = String(UInt64.random(in: .min ... .max), radix: 36)
    /// Directories that are remembered; more are made durable once more.
    private static let durableLimit = 100_000

    /// Opens a directory.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - creates: whether to make it, with those above it, where it is missing.
    /// - Throws: ``ObjectStoreError/denied(_:)`` where it cannot be used.
    public init(_ path: FilePath, creates: Bool = false) throws(ObjectStoreError) {
        name = "file://\(path)"
        do throws(Errno) {
            if creates { try Self.makeDirectories(path) }
            let file = unsafe path.withPlatformString { unsafe rfuse_open(AT_FDCWD, $0, O_RDONLY | O_DIRECTORY, 0) }
            guard file >= 0 else { throw Errno(rawValue: CInt(-file)) }
            root = FileDescriptor(rawValue: CInt(file))
        } catch {
            throw .denied(Self.openingFailed(path, error))
        }
    }

    deinit { try? root.close() }

    // MARK: Objects

    /// Reads part of an object straight into memory.
    public func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) {
        try check(key)
        precondition(count <= buffer.freeCapacity, "more than there is room for")
        // What need not wait is done before a cancellation can reach it.
        if Task.isCancelled { throw .cancelled }
        var got = 0
        do throws(Errno) {
            let path = PathBytes(key.description)
            let file = try await path.open(in: root, flags: O_RDONLY | O_NOFOLLOW, io)
            do throws(Errno) {
                while got < count {
                    let read = try await io.read(file, into: &buffer, count: count - got, at: offset + UInt64(got))
                    if read == 0 { break }
                    got += read
                }
            } catch {
                try? await io.close(file)
                throw error
            }
            try? await io.close(file)
        } catch {
            buffer.removeLast(got)
            throw failure(error, "read", key)
        }
        guard got == count else {
            buffer.removeLast(got)
            throw .damaged("\(name): the object \(key) ends at byte \(offset + UInt64(got)), \(count - got) too early")
        }
    }

    /// How long an object is; `nil` where there is none.
    public func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64? {
        try check(key)
        do throws(Errno) {
            return try await PathBytes(key.description).fileSize(in: root, io)
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
            throw failure(error, "look at", key)
        }
    }

    /// Removes objects. They may be there again after a crash, which whoever collects what nobody needs will find.
    public func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        for key in keys {
            try check(key)
            do throws(Errno) {
                try await PathBytes(key.description).remove(in: root, io)
            } catch {
                if [.noSuchFileOrDirectory, .notDirectory, .isDirectory].contains(error) { continue }
                throw failure(error, "remove", key)
            }
        }
    }

    // MARK: What the parts share

    func check(_ key: ObjectKey) throws(ObjectStoreError) {
        try key.check()
        let text = key.description
        if text == Self.temporaryDirectory || text.hasPrefix(Self.temporaryDirectory + "/") {
            throw .denied("the key \"\(text)\" is kept for objects that are being written")
        }
    }

    /// A path that nobody else uses.
    func temporaryPath() -> String {
        let number = state.withLock { state in
            state.counter += 1
            return state.counter
        }
        return "\(Self.temporaryDirectory)/\(token)-\(number)"
    }

    /// Whether a directory is durable up to the root.
    func isDurable(_ directory: String) -> Bool { state.withLock { $0.durable.contains(directory) } }

    /// Remembers that one is.
    func setDurable(_ directory: String) {
        state.withLock { state in
            if state.durable.count >= Self.durableLimit { state.durable = [""] }
            state.durable.insert(directory)
        }
    }

    /// Forgets all: somebody has removed one of them.
    func forgetDurable() { state.withLock { $0.durable = [""] } }

    /// Whether the caller is the first to ask.
    func isFirstToSweep() -> Bool {
        state.withLock { state in
            defer { state.hasSwept = true }
            return !state.hasSwept
        }
    }

    /// What an error of the file system's means to who uses the store.
    func failure(_ error: Errno, _ verb: String, _ key: ObjectKey) -> ObjectStoreError {
        switch error {
        case .noSuchFileOrDirectory: .missing(key)
        case .canceled, .interrupted: .cancelled
        case .noSpace, .diskQuotaExceeded:
            .full("\(name) is full: cannot \(verb) \(key) (\(error.description)); make room there")
        case .permissionDenied, .notPermitted, .readOnlyFileSystem:
            .denied("\(name): not allowed to \(verb) \(key) (\(error.description)); the user needs access to its files")
        case .isDirectory, .notDirectory, .tooManySymbolicLinkLevels:
            .denied("\(name): cannot \(verb) \(key), because part of its path is no directory, or all of it is one")
        default: .unavailable("\(name): cannot \(verb) \(key): \(error.description)")
        }
    }

    private static func openingFailed(_ path: FilePath, _ error: Errno) -> String {
        let hint =
            switch error {
            case .noSuchFileOrDirectory: "it does not exist; make it, or correct the URL"
            case .notDirectory: "it is no directory"
            case .permissionDenied, .notPermitted: "this user may not use it"
            default: error.description
            }
        return "cannot keep objects in \(path): \(hint)"
    }

    private static func makeDirectories(_ path: FilePath) throws(Errno) {
        var partial = FilePath(root: path.root, [])
        for component in path.components {
            partial.append(component)
            let result = unsafe partial.withPlatformString { unsafe rfuse_make_directory(AT_FDCWD, $0, 0o700) }
            if result < 0 && CInt(-result) != Errno.fileExists.rawValue { throw Errno(rawValue: CInt(-result)) }
            guard result == 0, let parent = Optional(partial.removingLastComponent()) else { continue }
            // Durable, as what is to be in it.
            let file = unsafe parent.withPlatformString { unsafe rfuse_open(AT_FDCWD, $0, O_RDONLY | O_DIRECTORY, 0) }
            guard file >= 0 else { throw Errno(rawValue: CInt(-file)) }
            _ = rfuse_sync(CInt(file), 0)
            _ = rfuse_close(CInt(file))
        }
    }
}
