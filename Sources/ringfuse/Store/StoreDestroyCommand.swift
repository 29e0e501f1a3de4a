import ArgumentParser
import FoundationEssentials
import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// `ringfuse store destroy`.
struct StoreDestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Remove a volume with everything in it.",
        discussion: "Without --yes it only tells what would be removed. May be interrupted, and run again."
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions
    /// Take it over.
    @OptionGroup var takeOver: TakeOverOptions

    /// Really.
    @Flag(help: "Remove it. There is no way back.")
    var yes = false

    /// Removes it.
    func run() async throws {
        guard yes else {
            let engine = try await volume.metadata.openForReading()
            let usage = try await engine.usage()
            let name = engine.volume.name
            await engine.close()
            throw ValidationError(
                "this would remove \(name) with \(usage.nodes) nodes and \(ByteSize(bytes: Int(usage.bytes)).rounded);"
                    + " say --yes to do it")
        }
        // Whoever has it mounted keeps it.
        let (description, count) = try await volume.metadata.withEngine(takesOver: takeOver.force, isAlone: true) {
            ($0.volume, try await removeObjects(of: $0.volume))
        }
        try await volume.metadata.remove()
        if case .directory(let path) = try StoreURL(description.dataURL) { Self.removeEmptyDirectories(path) }
        print("removed \(volume.metadata) and \(count) objects")
    }

    /// Removes a directory and those in it, as far as nothing else is in them.
    private static func removeEmptyDirectories(_ path: FilePath) {
        let inside = (try? FileManager.default.subpathsOfDirectory(atPath: path.string)) ?? []
        for name in inside.sorted().reversed() { _ = unsafe rmdir(path.appending(name).string) }
        _ = unsafe rmdir(path.string)
    }

    private func removeObjects(of description: VolumeDescription) async throws -> Int {
        let store = try VolumeOptions.store(of: description)
        return try await BackgroundWorker.run { io, _, progress in
            var count = 0
            while true {
                let objects = try await store.list(prefix: "\(description.identifier)/", after: nil, limit: 1000, io)
                guard !objects.isEmpty else { return count }
                try await store.remove(objects.map(\.key), io)
                count += objects.count
                progress.show("removed \(count) objects")
            }
        }
    }
}
