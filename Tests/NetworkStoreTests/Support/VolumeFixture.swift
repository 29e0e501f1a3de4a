import Glibc
import NetworkStore
import SystemPackage
import TestSupport
import Testing

/// A volume in a directory of its own below `/tmp`, which goes with it.
final class VolumeFixture: Sendable {
    /// The directory.
    let directory: String
    /// The database in it.
    var path: String { directory + "/volume.db" }

    /// An empty directory; nothing is formatted yet.
    init() {
        var template = Array("/tmp/ringfuse-meta-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }
        }
        precondition(unsafe made != nil, "no directory below /tmp")
        directory = unsafe template.withUnsafeBufferPointer {
            unsafe $0.baseAddress.map { unsafe String(cString: $0) } ?? ""
        }
    }

    deinit {
        guard let list = unsafe opendir(directory) else { return }
        while let entry = unsafe readdir(list) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            unsafe unlink("\(directory)/\(name)")
        }
        unsafe closedir(list)
        unsafe rmdir(directory)
    }

    /// A description with limits.
    static func description(byteLimit: UInt64? = nil, nodeLimit: UInt64? = nil) -> VolumeDescription {
        VolumeDescription(
            identifier: "0123456789abcdef0123456789abcdef",
            name: "test",
            byteLimit: byteLimit,
            nodeLimit: nodeLimit,
            dataURL: "file:///tmp/nowhere"
        )
    }

    /// Formats a volume.
    func format(byteLimit: UInt64? = nil, nodeLimit: UInt64? = nil) async throws {
        try await SQLiteEngine.format(path, Self.description(byteLimit: byteLimit, nodeLimit: nodeLimit))
    }
}

/// The engines that there are.
enum EngineKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, postgreSQL

    var testDescription: String { rawValue }
}

/// Formats a volume, lets something be done with it, and expects it to be sound and to have told of no failure.
func withVolume(
    _ kind: EngineKind = .sqlite,
    byteLimit: UInt64? = nil,
    nodeLimit: UInt64? = nil,
    _ body: @Sendable (MetadataCalls) async throws -> Void
) async throws {
    let volume = VolumeFixture.description(byteLimit: byteLimit, nodeLimit: nodeLimit)
    switch kind {
    case .sqlite:
        let fixture = VolumeFixture()
        try await SQLiteEngine.format(fixture.path, volume)
        let engine = try await SQLiteEngine.open(fixture.path) { Issue.record("\($0)") }
        try await use(engine, body)
        try await expectSound(try await SQLiteEngine.openForReading(fixture.path))
    case .postgreSQL:
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, volume)
        let engine = try await PostgreSQLEngine.open(location) { Issue.record("\($0)") }
        try await use(engine, body)
        try await expectSound(try await PostgreSQLEngine.openForReading(location))
        try await PostgreSQLEngine.remove(location)
    }
}

/// Lets something be done with a volume that is open, and closes it.
private func use(_ engine: any MetadataEngine, _ body: @Sendable (MetadataCalls) async throws -> Void) async throws {
    do {
        try await body(MetadataCalls(engine))
        #expect(try await engine.check() == [])
    } catch {
        await engine.close()
        throw error
    }
    await engine.close()
}

/// What closing has disposed of fits together, too.
private func expectSound(_ engine: any MetadataEngine) async throws {
    #expect(try await engine.check() == [])
    await engine.close()
}

/// Calls `body` and tells what it threw; `nil` for nothing.
func errno<Result>(_ body: () async throws -> Result) async -> Errno? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? Errno
    }
}

/// Calls `body`, which does not suspend, and tells what it threw; `nil` for nothing.
func errno<Result>(_ body: () throws -> Result) -> Errno? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? Errno
    }
}
