internal import FoundationEssentials
internal import Glibc
internal import RingFUSE
internal import SystemPackage

// Making and opening volumes. All of it may wait for the disk, so it runs on a thread of its own.

extension SQLiteEngine {
    /// Makes a volume where there is nothing.
    ///
    /// - Parameters:
    ///   - path: the file to be made; it is there whole, or not at all.
    ///   - root: the permissions of its root.
    ///   - owner: the owner of its root.
    public static func format(
        _ path: String,
        _ volume: VolumeDescription,
        root: UInt32 = 0o755,
        owner: Caller = Caller(userID: 0, groupID: 0)
    ) async throws(VolumeError) {
        try await blocking(path) { () throws(VolumeError) in
            try VolumeFile(path).make(volume, root: root, owner: owner)
        }
    }

    /// What was decided when a volume was formatted; also of one that is mounted, or that an older version has made.
    public static func description(of path: String) async throws(VolumeError) -> VolumeDescription {
        try await blocking(path) { () throws(VolumeError) in try VolumeFile(path).readDescription() }
    }

    /// Opens a volume for writing, as its only session, and puts in order what sessions before have left.
    ///
    /// - Parameters:
    ///   - path: the database.
    ///   - memory: how much it may take.
    ///   - takesOver: whether to do so although a session of another machine has the volume, which is known not to write
    ///     any more. One of this machine that still runs is never taken over.
    ///   - onFailure: told of failures of the database, in one line each, on any thread.
    public static func open(
        _ path: String,
        memory: Memory = Memory(),
        takesOver: Bool = false,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(VolumeError) -> SQLiteEngine {
        try await blocking(path) { () throws(VolumeError) in
            try VolumeFile(path).open(memory, takesOver: takesOver) { onFailure("\(path): \($0)") }
        }
    }

    /// Opens a volume to look at it, maybe while it is mounted; what would change it throws `EROFS`.
    public static func openForReading(
        _ path: String,
        memory: Memory = Memory(),
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(VolumeError) -> SQLiteEngine {
        try await blocking(path) { () throws(VolumeError) in
            try VolumeFile(path).openForReading(memory) { onFailure("\(path): \($0)") }
        }
    }

    /// Removes a volume's database, with what lies beside it. Nobody may have it open.
    public static func remove(_ path: String) async throws(VolumeError) {
        try await blocking(path) { () throws(VolumeError) in
            // The database itself last: what is left by an interruption is still a volume, and is removed again.
            for suffix in ["-wal", "-shm", ".lock", ""] where unsafe unlink(path + suffix) != 0 {
                let error = Errno(rawValue: errno)
                if error != .noSuchFileOrDirectory { throw .system(path: path + suffix, error) }
            }
        }
    }

    /// Runs what may wait for the disk.
    static func blocking<Outcome: Sendable>(
        _ path: String,
        _ body: @escaping @Sendable () throws(VolumeError) -> Outcome
    ) async throws(VolumeError) -> Outcome {
        let result: Result<Outcome, VolumeError>
        do throws(Errno) {
            result = try await DedicatedThread.run(name: "ringfuse-open") {
                do throws(VolumeError) { return .success(try body()) } catch { return .failure(error) }
            }
        } catch {
            throw .system(path: path, error)
        }
        return try result.get()
    }
}
