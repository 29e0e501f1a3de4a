import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// Volumes of the network store for tests: a database and a directory.
enum StoreVolume {
    /// Makes a volume in a directory that it makes, and opens it.
    static func make(
        in directory: FilePath,
        limits: Volume.Limits = Volume.Limits()
    ) async throws -> NetworkStoreFileSystem {
        guard unsafe mkdir(directory.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
        let description = VolumeDescription(
            identifier: "0123456789abcdef0123456789abcdef", name: "test",
            dataURL: "file://\(directory.appending("objects"))")
        try await SQLiteEngine.format(directory.appending("volume.db").string, description)
        return try await open(in: directory, limits: limits)
    }

    /// Opens the volume of a directory.
    static func open(
        in directory: FilePath,
        limits: Volume.Limits = Volume.Limits()
    ) async throws -> NetworkStoreFileSystem {
        let engine = try await SQLiteEngine.open(directory.appending("volume.db").string)
        return NetworkStoreFileSystem(
            try Volume(
                engine: engine, store: try DirectoryStore(directory.appending("objects"), creates: true),
                background: try BackgroundWorker(), limits: limits))
    }
}
