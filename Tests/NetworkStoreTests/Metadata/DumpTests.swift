import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What was dumped is what is loaded, by any engine; and nothing else is loaded.
@Suite struct DumpTests {
    /// Where a volume is.
    enum Place: Sendable {
        case sqlite(VolumeFixture)
        case postgreSQL(PostgreSQLLocation)

        init(_ kind: EngineKind) async throws {
            switch kind {
            case .sqlite: self = .sqlite(VolumeFixture())
            case .postgreSQL:
                self = .postgreSQL(try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume()))
            }
        }

        func load(_ file: FileDescriptor, dataURL: String? = nil) async throws {
            try file.seek(offset: 0, from: .start)
            switch self {
            case .sqlite(let fixture): try await SQLiteEngine.load(fixture.path, from: file, dataURL: dataURL)
            case .postgreSQL(let location): try await PostgreSQLEngine.load(location, from: file, dataURL: dataURL)
            }
        }

        func open() async throws -> any MetadataEngine {
            switch self {
            case .sqlite(let fixture): try await SQLiteEngine.open(fixture.path)
            case .postgreSQL(let location): try await PostgreSQLEngine.open(location)
            }
        }

        func remove() async throws {
            if case .postgreSQL(let location) = self { try await PostgreSQLEngine.remove(location) }
        }
    }

    /// A file without a name.
    static func file() throws -> FileDescriptor {
        let path = FilePath("/tmp/ringfuse-dump-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        defer { unsafe unlink(path.string) }
        return try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite])
    }

    /// Something of every kind.
    private static func fill(_ calls: MetadataCalls) async throws {
        let directory = try await calls.makeDirectory("dir", permissions: 0o2775)
        for index in 0..<20 { try await calls.make(StoredName("many-\(index)"), in: directory) }
        try await calls.removeFile("many-7", in: directory)
        let file = try await calls.make(StoredName(Name([0xff, 0xfe, 0x22, 0x0a].span)), permissions: 0o4711).id
        try await calls.link(file, to: "hard", in: directory)
        try await calls.make("soft", .symbolicLink, target: "dir/hard")
        try await calls.make("device", .characterDevice, device: 0x0502)
        try await calls.set("user.empty", of: file, to: [])
        try await calls.set("user.bytes", of: directory, to: [0, 255, 10, 34])
        try await calls.change(file) { $0.modificationTime = .to(Timestamp(seconds: -5, nanoseconds: 999_999_999)) }
        try await calls.setFlags(0x80, of: file)
        let numbers = try await calls.engine.reserveObjects(4)
        let objects = numbers.prefix(2).map { ObjectRecord(number: $0, length: 500, layout: [1, 2, 3]) }
        try await calls.commit(file) { change in
            change.objects = objects
            change.extents = [
                Extent(offset: 0, length: 500, place: .object(objects[0].number, offset: 0)),
                Extent(offset: 1000, length: 3, place: .inline([7, 0, 9])),
                Extent(offset: 2000, length: 1 << 40, place: .zeros),
                Extent(offset: 1 << 50, length: 10, place: .object(objects[1].number, offset: 490)),
            ]
        }
        _ = try await calls.engine.share(0..<200, of: file, with: try await calls.make("clone").id, at: 5, calls.caller)
        // Garbage, and what is open without a name and has the last use of an object.
        let unnamed = try await calls.makeUnnamed().id
        try await calls.commit(unnamed) { change in
            change.objects = [ObjectRecord(number: numbers.lowerBound + 2, length: 9, layout: [])]
            change.extents = [Extent(offset: 0, length: 9, place: .object(numbers.lowerBound + 2, offset: 0))]
        }
        // One file of it has no name any more.
        try await QuotaWalk(calls.engine).set(directory, QuotaRecord.Limits(bytes: 1 << 40))
        try await calls.make("of-quota", in: directory)
        try await calls.removeFile("many-9", in: directory)
    }

    /// All that can be seen of a volume, as text.
    private static func picture(_ calls: MetadataCalls) async throws -> [String] {
        var lines: [String] = []
        var directories: [(NodeID, String)] = [(.root, "")]
        while let (directory, path) = directories.popLast() {
            lines.append("\(path)/ \(try await calls.node(directory))")
            for entry in try await calls.engine.names(in: directory, after: 0, limit: 1000) {
                let (node, record) = (entry.node.id, try await calls.node(entry.node.id))
                var line = "\(path)/\(entry.name.bytes) \(entry.cookie) \(record)"
                for name in try await calls.engine.extendedAttributeNames(of: node).map({ String($0) }).sorted() {
                    let value = try await calls.engine.extendedAttribute(StoredName(name), of: node)
                    line += " \(name)=\(value)"
                }
                if record.type == .regular { line += " \(try await calls.extents(node))" }
                if record.type == .symbolicLink { line += " -> \(try await calls.engine.target(of: node))" }
                if record.type == .directory { directories.append((node, "\(path)/\(entry.name)")) }
                lines.append(line)
            }
        }
        return lines
    }

    @Test(arguments: EngineKind.allCases, EngineKind.allCases)
    func isAsItWas(source: EngineKind, target: EngineKind) async throws {
        let file = try Self.file()
        defer { try? file.close() }
        try await withVolume(source) { calls in
            try await Self.fill(calls)
            try await calls.engine.dump(to: file) { _ in }
            let before = try await Self.picture(calls)
            let place = try await Place(target)
            try await place.load(file, dataURL: "file:///elsewhere")
            let engine = try await place.open()
            let loaded = MetadataCalls(engine)
            #expect(try await Self.picture(loaded) == before)
            #expect(try await engine.check() == [])
            #expect(engine.volume.dataURL == "file:///elsewhere")
            #expect(engine.volume.identifier == calls.engine.volume.identifier)
            // Files without a name are gone, and the object of one is garbage, as is what was on its way.
            let (old, new) = (try await calls.engine.usage(), try await engine.usage())
            #expect(new.nodes == old.nodes - 3 && new.bytes == old.bytes - 9)
            var quota = try #require(try await calls.engine.quotas().first)
            quota.nodes -= 1
            #expect(try await engine.quotas() == [quota])
            #expect(try await engine.garbage(limit: 10).count == 2)
            // Numbers are not used again.
            let next = try await calls.engine.reserveObjects(1).lowerBound
            #expect(try await engine.reserveObjects(1).lowerBound > next + 1_000_000_000)
            #expect(
                try await loaded.make("new").id.rawValue > (try await calls.make("new").id.rawValue) + 1_000_000_000)
            await engine.close()
            try await place.remove()
        }
    }

    @Test(arguments: EngineKind.allCases)
    func nothingElseIsLoaded(kind: EngineKind) async throws {
        let whole = try Self.file()
        defer { try? whole.close() }
        try await withVolume { calls in
            try await Self.fill(calls)
            try await calls.engine.dump(to: whole) { _ in }
        }
        let text = try whole.readAll()
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var wrong: [(String, [UInt8])] = [("nothing", []), ("more", text + text), ("not a dump", Array("x\n".utf8))]
        for count in stride(from: 1, to: lines.count - 1, by: 3) {
            wrong.append(("\(count) lines", Array(lines[..<count].joined(separator: [10])) + [10]))
        }
        for position in stride(from: 40, to: text.count, by: 997) {
            wrong.append(("to \(position)", Array(text[..<position])))
            var changed = text
            changed[position] ^= 1
            wrong.append(("changed at \(position)", changed))
        }
        let place = try await Place(kind)
        for (what, bytes) in wrong {
            let file = try Self.file()
            try file.writeAll(bytes)
            await #expect(throws: VolumeError.self, "\(what)") { try await place.load(file) }
            try file.close()
        }
        // None of them has left anything in the way.
        try await place.load(whole)
        try await place.remove()
    }

    /// Sizes that something would be divided by, and what would become part of keys.
    @Test func descriptionsAreChecked() {
        let sound = VolumeFixture.description()
        #expect(sound.isSound && sound.json.flatMap(VolumeDescription.init(json:)) == sound)
        let changes: [(inout VolumeDescription) -> Void] = [
            { $0.blockSize = 0 }, { $0.blockSize = 5000 }, { $0.blockSize = 2048 }, { $0.blockSize = 8 << 20 },
            { $0.objectSize = 0 }, { $0.objectSize = 100_000 }, { $0.objectSize = 128 << 20 }, { $0.objectSize = .max },
            { $0.identifier = "../../../../../../../../../../ab" }, { $0.identifier = "" },
            { $0.identifier = "0123456789ABCDEF0123456789ABCDEF" },
        ]
        for change in changes {
            var volume = sound
            change(&volume)
            #expect(!volume.isSound && volume.json.flatMap(VolumeDescription.init(json:)) == nil, "\(volume)")
        }
    }

    /// Made up by somebody who knows the format.
    @Test(arguments: EngineKind.allCases)
    func whatDoesNotFitTogetherIsRefused(kind: EngineKind) async throws {
        let name = DumpValue.bytes(ContiguousArray("x".utf8))
        let rows: [(DumpRow, String)] = [
            (DumpRow(table: .names, values: [.number(1), name, .number(3), .number(77)]), "does not fit together"),
            (
                DumpRow(
                    table: .extents,
                    values: [.number(5), .number(0), .number(9), .number(3), .number(0), .nothing]), "does not fit"
            ),
            (
                DumpRow(table: .names, values: [.number(1), .bytes([0x2f]), .number(3), .number(1)]),
                "'name' is not what it should be"
            ),
            (DumpRow(table: .pending, values: [.number(-1)]), "'number' is not what it should be"),
            (DumpRow(table: .pending, values: [.number(1), .number(1)]), "too many columns"),
        ]
        let place = try await Place(kind)
        for (row, reason) in rows {
            let file = try Self.file()
            let writer = DumpWriter(file) { _ in }
            try writer.write(
                DumpHeader(dump: 1, volume: VolumeFixture.description(), nextNode: 100, nextObject: 100))
            try writer.write(row)
            try writer.finish()
            let error = await #expect(throws: VolumeError.self) { try await place.load(file) }
            #expect(error?.description.contains(reason) ?? false, "\(String(describing: error))")
            try file.close()
        }
    }
}

extension FileDescriptor {
    /// All that is in a file.
    fileprivate func readAll() throws -> [UInt8] {
        let size = Int(try seek(offset: 0, from: .end))
        return unsafe try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = unsafe try read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
