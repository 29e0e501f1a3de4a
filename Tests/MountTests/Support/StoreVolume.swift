import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport

/// Volumes of the network store for tests: a database and a directory.
enum StoreVolume {
    /// Makes a volume in a directory that it makes, and opens it.
    ///
    /// - Parameter store: where objects go; `nil` for a directory beside the database.
    static func make(
        in directory: FilePath,
        store: (any ObjectStore)? = nil,
        byteLimit: UInt64? = nil,
        nodeLimit: UInt64? = nil,
        limits: Volume.Limits = Volume.Limits(),
        journal: String? = nil,
        journalLimit: UInt64 = 1 << 30,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> NetworkStoreFileSystem {
        _ = try objects(in: directory)
        let description = VolumeDescription(
            identifier: "0123456789abcdef0123456789abcdef", name: "test", byteLimit: byteLimit, nodeLimit: nodeLimit,
            dataURL: "file://\(directory.appending("objects"))")
        try await SQLiteEngine.format(directory.appending("volume.db").string, description)
        return try await open(
            in: directory, store: store, limits: limits, journal: journal, journalLimit: journalLimit, say: say)
    }

    /// Makes a volume of PostgreSQL and a directory, and opens it.
    static func makeShared(
        in directory: FilePath,
        byteLimit: UInt64? = nil,
        nodeLimit: UInt64? = nil
    ) async throws -> NetworkStoreFileSystem {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        return try await makeShared(in: directory, at: location, byteLimit: byteLimit, nodeLimit: nodeLimit)
    }

    /// Makes a volume of PostgreSQL at some place, and opens it.
    static func makeShared(
        in directory: FilePath,
        at location: PostgreSQLLocation,
        byteLimit: UInt64? = nil,
        nodeLimit: UInt64? = nil
    ) async throws -> NetworkStoreFileSystem {
        let description = VolumeDescription(
            identifier: "0123456789abcdef0123456789abcdef", name: "test", byteLimit: byteLimit, nodeLimit: nodeLimit,
            dataURL: "file://\(directory.appending("objects"))")
        try await PostgreSQLEngine.format(location, description)
        return try await openShared(in: directory, at: location)
    }

    /// Opens a volume of PostgreSQL, which may be open already.
    static func openShared(in directory: FilePath, at location: PostgreSQLLocation) async throws
        -> NetworkStoreFileSystem
    {
        NetworkStoreFileSystem(
            try Volume(
                engine: try await PostgreSQLEngine.open(location), store: try objects(in: directory),
                background: try BackgroundWorker()), lifetime: .second)
    }

    /// Opens the volume of a directory.
    ///
    /// - Parameters:
    ///   - journal: the name of a journal in it; `nil` for none.
    ///   - say: told what the journal says.
    static func open(
        in directory: FilePath,
        store: (any ObjectStore)? = nil,
        limits: Volume.Limits = Volume.Limits(),
        journal: String? = nil,
        journalLimit: UInt64 = 1 << 30,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> NetworkStoreFileSystem {
        let engine = try await SQLiteEngine.open(directory.appending("volume.db").string)
        let journal = try journal.map { name in
            try Journal(in: directory.appending(name), of: engine.volume, key: nil, limit: journalLimit, say: say)
        }
        let volume = try Volume(
            engine: engine, store: try store ?? objects(in: directory), background: try BackgroundWorker(),
            journal: journal, limits: limits)
        try await volume.startJournal()
        return NetworkStoreFileSystem(volume)
    }

    /// The objects of a volume, in a directory that it makes where there is none.
    static func objects(in directory: FilePath) throws -> any ObjectStore {
        try DirectoryStore(directory.appending("objects"), creates: true)
    }
}
