import FileSystems
import RingFUSE
import SystemPackage
import Testing

/// Which way requests come.
enum Way: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case ring
    case device

    /// The transport to ask for.
    var transport: SessionConfiguration.Transport { self == .ring ? .ring : .device }

    /// The name.
    var testDescription: String { rawValue }

    /// A configuration that asks for it; a test that asks for the ring on a kernel without one is skipped.
    func configuration() throws -> SessionConfiguration {
        if self == .ring { try RequireRing.now() }
        var configuration = SessionConfiguration()
        configuration.transport = transport
        return configuration
    }
}

/// What is mounted.
enum Kind: String, Sendable, CaseIterable {
    case memory
    case mirror
    /// A volume of the network store, of a database and a directory.
    case store
    /// One of PostgreSQL and a directory, which others may have mounted at the same time.
    case shared
}

/// A transport with a file system: what all common tests are run for.
struct Flavor: Sendable, CustomTestStringConvertible {
    /// Which way requests come.
    let way: Way
    /// What is mounted.
    let kind: Kind

    /// All of them, but for volumes that others may have, too.
    static let all = Way.allCases.flatMap { way in
        Kind.allCases.filter { $0 != .shared }.map { Flavor(way: way, kind: $0) }
    }
    /// All of them, with these.
    static let withShared = all + Way.allCases.map { Flavor(way: $0, kind: .shared) }
    /// Those that keep nothing beside the mount, or beside its source.
    static let plain = all.filter { $0.kind != .store }

    /// All of them, each with what the kernel may do with what is written.
    static let withCaches = all.flatMap { flavor in
        (flavor.kind == .store ? [WriteCache.through] : WriteCache.allCases).map { (flavor, $0) }
    }

    /// The names.
    var testDescription: String { "\(kind.rawValue) by \(way.rawValue)" }

    /// Bytes that a memory file system of these tests holds.
    static let memoryLimit = 512 << 20

    /// Mounts it, runs the body, and unmounts however the body ends.
    ///
    /// - Parameters:
    ///   - cache: what the kernel does with what is written.
    ///   - prepare: what is to be there before the mount; gets the source of a mirror.
    func mounted(
        options: MountOptions = MountOptions(),
        cache: WriteCache = .through,
        sourceLocation: SourceLocation = #_sourceLocation,
        prepare: (Scratch) async throws -> Void = { _ in },
        _ body: (MountedSession) async throws -> Void
    ) async throws {
        var configuration = try way.configuration()
        cache.apply(to: &configuration)
        try await withScratch { scratch in
            try await prepare(scratch)
            let body = { (session: MountedSession) async throws in
                #expect(session.status.usesRing == (way == .ring), sourceLocation: sourceLocation)
                try await body(session)
            }
            switch kind {
            case .memory:
                try await withMount(
                    MemoryFileSystem(byteLimit: Self.memoryLimit), scratch: scratch, options: options,
                    configuration: configuration, sourceLocation: sourceLocation, body)
            case .mirror:
                try await withMount(
                    try MirrorFileSystem(source: scratch.source), scratch: scratch, options: options,
                    configuration: configuration, sourceLocation: sourceLocation, body)
            case .store:
                try await withMount(
                    try await StoreVolume.make(in: scratch.outside.appending("volume")), scratch: scratch,
                    options: options, configuration: configuration, sourceLocation: sourceLocation, body)
            case .shared:
                try await withMount(
                    try await StoreVolume.makeShared(in: scratch.outside.appending("volume")), scratch: scratch,
                    options: options, configuration: configuration, sourceLocation: sourceLocation, body)
            }
        }
    }

    /// Mounts it and runs a script of bash in its root, which must succeed.
    func check(
        _ script: String,
        limit: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await mounted(sourceLocation: sourceLocation) { session in
            try await session.check(script, limit: limit, sourceLocation: sourceLocation)
        }
    }
}
