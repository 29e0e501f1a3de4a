import ArgumentParser
import CRingFUSE
import FoundationEssentials
import Glibc
import NetworkStore
import SystemPackage

/// A directory of a volume that is mounted: its server is spoken to by an extended attribute that no listing tells.
struct MountedQuota: QuotaTarget {
    /// How often the server is asked how far it is.
    private static let interval = Duration.milliseconds(100)

    private let path: String
    private let inode: UInt64

    /// A directory; checks that it is one of a mounted volume.
    ///
    /// - Throws: an error of one line.
    init(_ path: String) throws {
        self.path = FilePath(path).absolute.string
        var status = stat()
        guard unsafe lstat(self.path, &status) == 0 else { throw Self.failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ValidationError("\(path): is not a directory") }
        inode = UInt64(status.st_ino)
        guard (try? read()) != nil else {
            throw geteuid() == 0
                ? ValidationError("\(path): is on no mount of a volume")
                : ValidationError("\(path): quotas of a mount are for root")
        }
    }

    func set(
        _ limits: QuotaRecord.Limits,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> QuotaRecord {
        let value = [UInt8](try JSONEncoder().encode(limits))
        let directory = try open()
        let result = unsafe rfuse_set_attribute(directory, QuotaRecord.attribute, value, value.count, 0)
        Glibc.close(directory)
        try checked(result)
        // The server goes on without whoever waits here.
        while true {
            guard let quota = try own() else { throw ValidationError("\(path): the quota was cleared meanwhile") }
            guard !quota.isComplete, !Task.isCancelled else { return quota }
            progress("\(quota.nodes) files and directories counted")
            try? await Task.sleep(for: Self.interval)
        }
    }

    func clear(progress: @escaping @Sendable (String) -> Void) async throws {
        guard try own() != nil else { throw ValidationError("\(path): has no quota") }
        let directory = try open()
        let result = unsafe rfuse_remove_attribute(directory, QuotaRecord.attribute)
        Glibc.close(directory)
        try checked(result)
        while let quota = try own(), !Task.isCancelled {
            progress("\(quota.nodes) files and directories left")
            try? await Task.sleep(for: Self.interval)
        }
    }

    func show() async throws -> [QuotaRecord] { try read() }

    /// The directory's own quota.
    private func own() throws -> QuotaRecord? { try read().first { $0.directory == inode } }

    /// The quotas that hold.
    private func read() throws -> [QuotaRecord] {
        var value = [UInt8](repeating: 0, count: 65_536)
        let (directory, size) = (try open(), value.count)
        let result = unsafe rfuse_get_attribute(directory, QuotaRecord.attribute, &value, size)
        Glibc.close(directory)
        let count = try checked(result)
        return try JSONDecoder().decode([QuotaRecord].self, from: Data(value.prefix(count)))
    }

    /// Opens the directory, whose attribute is what is asked for.
    private func open() throws -> Int32 {
        let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.failure(path, errno) }
        return directory
    }

    /// Checks what a call has told: a negative `errno` where it failed.
    @discardableResult
    private func checked(_ result: Int) throws -> Int {
        guard result >= 0 else { throw Self.failure(path, Int32(-result)) }
        return result
    }

    /// What the system says.
    private static func failure(_ path: String, _ error: Int32) -> ValidationError {
        ValidationError("\(path): \(Errno(rawValue: error))")
    }
}
