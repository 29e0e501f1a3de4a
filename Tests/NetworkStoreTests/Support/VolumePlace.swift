import NetworkStore
import SystemPackage
import TestSupport

/// Where a volume is, or will be, for tests that make and open it more than once.
enum VolumePlace: Sendable {
    case sqlite(VolumeFixture)
    case postgreSQL(PostgreSQLLocation)

    /// A place where there is nothing yet.
    init(_ kind: EngineKind) async throws {
        switch kind {
        case .sqlite: self = .sqlite(VolumeFixture())
        case .postgreSQL: self = .postgreSQL(try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume()))
        }
    }

    /// Makes a volume there.
    func format(_ description: VolumeDescription) async throws {
        switch self {
        case .sqlite(let fixture): try await SQLiteEngine.format(fixture.path, description)
        case .postgreSQL(let location): try await PostgreSQLEngine.format(location, description)
        }
    }

    /// Makes a volume there out of a dump, from its start.
    func load(_ file: FileDescriptor, dataURL: String? = nil) async throws {
        try file.seek(offset: 0, from: .start)
        switch self {
        case .sqlite(let fixture): try await SQLiteEngine.load(fixture.path, from: file, dataURL: dataURL)
        case .postgreSQL(let location): try await PostgreSQLEngine.load(location, from: file, dataURL: dataURL)
        }
    }

    /// Opens it for writing.
    func open() async throws -> any MetadataEngine {
        switch self {
        case .sqlite(let fixture): try await SQLiteEngine.open(fixture.path)
        case .postgreSQL(let location): try await PostgreSQLEngine.open(location)
        }
    }

    /// Opens it to look at it.
    func openForReading() async throws -> any MetadataEngine {
        switch self {
        case .sqlite(let fixture): try await SQLiteEngine.openForReading(fixture.path)
        case .postgreSQL(let location): try await PostgreSQLEngine.openForReading(location)
        }
    }

    /// Removes it; what is in a directory goes by itself.
    func remove() async throws {
        if case .postgreSQL(let location) = self { try await PostgreSQLEngine.remove(location) }
    }
}
