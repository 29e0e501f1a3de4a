import ArgumentParser
import NetworkStore
import SystemPackage

/// Where the metadata of a volume is: `sqlite:///path`, a path, or `postgres://…`.
enum MetadataLocation: ExpressibleByArgument, Sendable, CustomStringConvertible {
    /// A database's file, from the root.
    case sqlite(path: String)
    /// A schema of PostgreSQL's, or what is wrong with its URL: that is told without what is secret in it, unlike what the
    /// argument parser refuses.
    case postgreSQL(Result<PostgreSQLLocation, VolumeError>)

    /// The scheme of files.
    private static let scheme = "sqlite://"

    /// Reads a URL or a path; `nil` for another scheme.
    init?(argument: String) {
        guard !PostgreSQLLocation.isLocation(argument) else {
            let location = Result { () throws(VolumeError) in try PostgreSQLLocation(argument) }
            self = .postgreSQL(location)
            return
        }
        var text = argument[...]
        if text.hasPrefix(Self.scheme) {
            text = text.dropFirst(Self.scheme.count)
            // With two slashes a host would follow, and SQLite has none.
            guard text.hasPrefix("/") else { return nil }
        } else if text.contains("://") {
            return nil
        }
        guard !text.isEmpty else { return nil }
        self = .sqlite(path: FilePath(String(text)).absolute.string)
    }

    /// What was decided when the volume was formatted, which is only read; also of one that is mounted.
    func volumeDescription() async throws -> VolumeDescription {
        guard case .sqlite(let path) = self else {
            let engine = try await openForReading()
            let volume = engine.volume
            await engine.close()
            return volume
        }
        // Of one, too, that an older version has made.
        return try await SQLiteEngine.description(of: path)
    }

    /// The URL.
    var description: String {
        switch self {
        case .sqlite(let path): Self.scheme + path
        case .postgreSQL(.success(let location)): location.description
        case .postgreSQL(.failure(let error)): error.description
        }
    }

    /// Where objects go when nothing else is said: a directory beside a file; `nil` where nothing is beside.
    var usualData: String? {
        guard case .sqlite(let path) = self else { return nil }
        return "file://\(path).objects"
    }

    /// What people call a volume that has been given no name.
    var usualName: String {
        switch self {
        case .sqlite(let path): FilePath(path).lastComponent?.string ?? path
        case .postgreSQL(.success(let location)): location.schema
        case .postgreSQL(.failure): ""
        }
    }

    /// Whether several machines may have it mounted.
    var isShared: Bool {
        if case .postgreSQL = self { true } else { false }
    }

    // MARK: Engines

    /// Makes a volume.
    func format(_ description: VolumeDescription, owner: Caller) async throws {
        switch self {
        case .sqlite(let path): try await SQLiteEngine.format(path, description, owner: owner)
        case .postgreSQL(let location):
            try await PostgreSQLEngine.format(try location.get(), description, owner: owner)
        }
    }

    /// Makes a volume out of a dump.
    func load(
        from file: FileDescriptor,
        dataURL: String?,
        progress: @escaping @Sendable (UInt64) -> Void
    ) async throws {
        switch self {
        case .sqlite(let path):
            try await SQLiteEngine.load(path, from: file, dataURL: dataURL, progress: progress)
        case .postgreSQL(let location):
            try await PostgreSQLEngine.load(try location.get(), from: file, dataURL: dataURL, progress: progress)
        }
    }

    /// Opens the volume for writing.
    ///
    /// - Parameters:
    ///   - takesOver: whether to take it from another machine, where only one at a time may have it.
    ///   - isAlone: whether nobody else may have it.
    func open(
        takesOver: Bool,
        isAlone: Bool = false,
        lease: Duration = PostgreSQLEngine.usualLease,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> any MetadataEngine {
        switch self {
        case .sqlite(let path):
            try await SQLiteEngine.open(path, takesOver: takesOver, onFailure: onFailure)
        case .postgreSQL(let location):
            try await PostgreSQLEngine.open(
                try location.get(), lease: lease, isAlone: isAlone, onFailure: onFailure)
        }
    }

    /// Opens the volume to look at it.
    func openForReading() async throws -> any MetadataEngine {
        switch self {
        case .sqlite(let path): try await SQLiteEngine.openForReading(path)
        case .postgreSQL(let location): try await PostgreSQLEngine.openForReading(try location.get())
        }
    }

    /// Opens the volume for writing, lets something be done with it, and closes it whatever becomes of that.
    ///
    /// - Parameters: as for ``open(takesOver:isAlone:lease:onFailure:)``.
    func withEngine<Outcome>(
        takesOver: Bool = false,
        isAlone: Bool = false,
        _ body: (any MetadataEngine) async throws -> Outcome
    ) async throws -> Outcome {
        try await Self.use(try await open(takesOver: takesOver, isAlone: isAlone), body)
    }

    /// Opens the volume to look at it, lets that be done, and closes it whatever becomes of that.
    func withReadEngine<Outcome>(
        _ body: (any MetadataEngine) async throws -> Outcome
    ) async throws -> Outcome {
        try await Self.use(try await openForReading(), body)
    }

    private static func use<Outcome>(
        _ engine: any MetadataEngine,
        _ body: (any MetadataEngine) async throws -> Outcome
    ) async throws -> Outcome {
        let result: Result<Outcome, any Error>
        do {
            result = .success(try await body(engine))
        } catch {
            result = .failure(error)
        }
        await engine.close()
        return try result.get()
    }

    /// Removes the metadata of a volume that nobody has open.
    func remove() async throws {
        switch self {
        case .sqlite(let path): try await SQLiteEngine.remove(path)
        case .postgreSQL(let location): try await PostgreSQLEngine.remove(try location.get())
        }
    }
}
