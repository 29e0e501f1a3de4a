import Foundation
import RingFUSE
import SystemPackage
import TestSupport

@testable import NetworkStore

/// A volume whose mounts come and go, and a journal of it.
struct JournalFixture: Sendable {
    let place: VolumePlace
    let directory: String
    let key: VolumeKey?
    let said = Locked<[String]>([])

    var path: FilePath { FilePath(directory).appending("journal") }

    init(_ kind: EngineKind, isEncrypted: Bool = false, identifier: String? = nil) async throws {
        place = try await VolumePlace(kind)
        directory = "/tmp/ringfuse-journal-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: directory + "/objects", withIntermediateDirectories: true)
        key = isEncrypted ? VolumeKey.random() : nil
        var description = VolumeFixture.description()
        if let identifier { description.identifier = identifier }
        description.wrappedKey = key == nil ? nil : "any"
        try await place.format(description)
    }

    /// Opens the volume with the journal, lets something be done, and leaves it as a crash would: the journal is not told.
    func mounted<Result>(
        _ body: (Volume, MetadataCalls) async throws -> Result
    ) async throws -> Result {
        let engine = try await place.open()
        let said = said
        let journal = try Journal(in: path, of: engine.volume, key: key, limit: 1 << 30) { line in
            said.withLock { $0.append(line) }
        }
        let volume = try Volume(
            engine: engine, store: try DirectoryStore(FilePath(directory + "/objects"), creates: true),
            background: try BackgroundWorker(), key: key, journal: journal)
        let result: Swift.Result<Result, any Error>
        do {
            try await volume.startJournal()
            result = .success(try await body(volume, MetadataCalls(engine)))
        } catch {
            result = .failure(error)
        }
        journal.stop()
        await journal.worker.shutDown()
        await volume.close()
        return try result.get()
    }

    func remove() async throws {
        try await place.remove()
        try FileManager.default.removeItem(atPath: directory)
    }

    /// What was saved aside.
    var saved: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path.string + "/lost+found")) ?? []
    }

    /// The content of a file, as a mount reads it.
    static func text(of file: NodeID, _ volume: Volume) async throws -> String {
        let record = try await volume.engine.node(file)
        let stored = StoredFile(record, blockSize: volume.blockSize)
        let count = Int(record.attributes.size)
        let bytes = try await volume.background.run { (io) async throws(Errno) -> ContiguousArray<UInt8> in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count), alignment: 16)
            defer { unsafe memory.deallocate() }
            var done = 0
            while done < count {
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[done..<count])
                var output = unsafe OutputRawSpan(buffer: part, initializedCount: 0)
                try await volume.read(stored, at: UInt64(done), into: &output, io)
                let read = unsafe output.finalize(for: part)
                guard read > 0 else { throw .ioError }
                done += read
            }
            return unsafe ContiguousArray(UnsafeRawBufferPointer(memory)[0..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
