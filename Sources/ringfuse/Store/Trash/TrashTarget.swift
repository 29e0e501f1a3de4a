import ArgumentParser
import Glibc
import NetworkStore
import SystemPackage

/// The trash of a volume, however it is got at.
protocol TrashTarget: Sendable {
    /// How things are.
    func state() async throws -> TrashState

    /// Entries by the time when they were removed: some of those that are later than a time, the first ones.
    func items(after time: UInt64) async throws -> [TrashItem]

    /// Keeps removed files for so many seconds.
    func keep(seconds: UInt64) async throws

    /// Restores an entry.
    ///
    /// - Parameter directory: the number of the one to restore to; `nil` for where it was.
    /// - Throws: an `Errno` where it is refused, as ``TrashCan/restore(_:to:)``.
    func restore(_ entry: UInt64, to directory: UInt64?) async throws

    /// Removes for good what was removed before a time.
    ///
    /// - Parameter progress: told now and then how many are gone.
    /// - Returns: how many are gone.
    func discard(before time: UInt64, progress: @escaping @Sendable (Int) -> Void) async throws -> Int

    /// The number of a directory.
    ///
    /// - Throws: an error of one line.
    func directory(_ path: String) async throws -> UInt64

    /// Nothing else is to be done.
    func close() async
}

/// Whose trash.
struct TrashOptions: ParsableArguments, Sendable {
    /// A mount's directory, or a volume.
    @Argument(
        help: ArgumentHelp(
            "The metadata of a volume; or a directory where it is mounted, by root: with SQLite the only way to change anything then.",
            valueName: "place"))
    var place: String

    /// Works with a trash.
    ///
    /// - Parameter writes: whether anything is to be changed.
    /// - Throws: an error of one line.
    func use<Outcome: Sendable>(
        writes: Bool,
        _ body: (any TrashTarget) async throws -> Outcome
    ) async throws -> Outcome {
        let target: any TrashTarget
        var status = stat()
        if unsafe stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            target = try MountedTrash(place)
        } else if let metadata = MetadataLocation(argument: place) {
            target = try await VolumeTrash(metadata, writes: writes)
        } else {
            throw ValidationError("\(place): is neither the metadata of a volume nor a directory of a mount")
        }
        let result: Result<Outcome, any Error>
        do {
            result = .success(try await body(target))
        } catch {
            result = .failure(error)
        }
        await target.close()
        return try result.get()
    }
}
