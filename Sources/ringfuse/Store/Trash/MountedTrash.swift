import ArgumentParser
import CRingFUSE
import FoundationEssentials
import Glibc
import NetworkStore
import SystemPackage

/// The trash of a volume that is mounted: its server is spoken to by an extended attribute that no listing tells.
struct MountedTrash: TrashTarget {
    /// Bytes of an extended attribute at the most (`XATTR_SIZE_MAX`).
    private static let largestValue = 65_536

    private let path: String
    private let device: dev_t

    /// A directory; checks that it is one of a mounted volume.
    ///
    /// - Throws: an error of one line.
    init(_ path: String) throws {
        self.path = FilePath(path).absolute.string
        var status = stat()
        guard unsafe stat(self.path, &status) == 0 else { throw Self.failure(path, errno) }
        device = status.st_dev
        // Not how much there is, which takes its time.
        guard (try? read("\(TrashRequest.attribute).\(UInt64.max)", [TrashItem].self)) != nil else {
            throw geteuid() == 0
                ? ValidationError("\(path): is on no mount of a volume")
                : ValidationError("\(path): the trash of a mount is for root")
        }
    }

    func state() async throws -> TrashState { try read(TrashRequest.attribute, TrashState.self) }

    func items(after time: UInt64) async throws -> [TrashItem] {
        try read("\(TrashRequest.attribute).\(time)", [TrashItem].self)
    }

    func keep(seconds: UInt64) async throws { try ask(.keep(seconds: seconds)) }

    func restore(_ entry: UInt64, to directory: UInt64?) async throws {
        try ask(.restore(entry: entry, directory: directory))
    }

    func discard(before time: UInt64, progress: @escaping @Sendable (Int) -> Void) async throws -> Int {
        let before = try await state().usage.entries
        var asked = 0
        while !Task.isCancelled, let first = try await items(after: 0).first, first.time <= time {
            try ask(.discard(before: time))
            asked += TrashRequest.limit
            progress(min(asked, Int(clamping: before)))
        }
        // Others may have removed something meanwhile, which is there now.
        let after = asked == 0 ? before : try await state().usage.entries
        return Int(clamping: before - min(before, after))
    }

    func directory(_ path: String) async throws -> UInt64 {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Self.failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ValidationError("\(path): is not a directory") }
        guard status.st_dev == device else { throw ValidationError("\(path): is not on the mount of \(self.path)") }
        return UInt64(status.st_ino)
    }

    func close() async {}

    // MARK: The attribute

    /// What the server tells.
    private func read<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value {
        var value = [UInt8](repeating: 0, count: Self.largestValue)
        let (directory, size) = (try open(), value.count)
        let result = unsafe rfuse_get_attribute(directory, name, &value, size)
        Glibc.close(directory)
        guard result >= 0 else { throw Self.failure(path, Int32(-result)) }
        return try JSONDecoder().decode(type, from: Data(value.prefix(result)))
    }

    /// Asks for something.
    ///
    /// - Throws: an `Errno` where it is refused.
    private func ask(_ request: TrashRequest) throws {
        let value = [UInt8](try JSONEncoder().encode(request))
        let directory = try open()
        let result = unsafe rfuse_set_attribute(directory, TrashRequest.attribute, value, value.count, 0)
        Glibc.close(directory)
        guard result >= 0 else { throw Errno(rawValue: Int32(-result)) }
    }

    /// Opens the directory, whose attribute is what is asked for.
    private func open() throws -> Int32 {
        let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.failure(path, errno) }
        return directory
    }

    /// What the system says.
    private static func failure(_ path: String, _ error: Int32) -> ValidationError {
        ValidationError("\(path): \(Errno(rawValue: error))")
    }
}
