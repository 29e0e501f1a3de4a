import ArgumentParser
import NetworkStore
import RingFUSE

/// `ringfuse store info`.
struct StoreInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Tell what a volume is and how much is in it, also while it is mounted."
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// As JSON.
    @Flag(help: "Print JSON.")
    var json = false

    /// What is told.
    private struct Information: Codable {
        var metadata: String
        var volume: VolumeDescription
        var bytes: UInt64
        var nodes: UInt64
        var garbageBytes: UInt64
        var trash: TrashUsage
    }

    /// Tells it.
    func run() async throws {
        let engine = try await volume.metadata.openForReading()
        let (usage, trash) = (try await engine.usage(), try await engine.trashUsage())
        var description = engine.volume
        // What is left out is of use only to who tries passphrases.
        description.wrappedKey = description.wrappedKey?.split(separator: " ").prefix(2).joined(separator: " ")
        await engine.close()
        guard !json else {
            let information = Information(
                metadata: volume.metadata.description, volume: description, bytes: usage.bytes, nodes: usage.nodes,
                garbageBytes: usage.garbageBytes, trash: trash)
            return print(try JSONText.encode(information))
        }
        let limit = description.byteLimit.map { " of \(ByteSize(bytes: Int($0)).rounded)" } ?? ""
        let nodeLimit = description.nodeLimit.map { " of \($0)" } ?? ""
        let age = description.trashAge.map { "kept for \(Age(seconds: $0))" } ?? "removed files are not kept"
        print(
            """
            name      \(description.name)
            metadata  \(volume.metadata)
            objects   \(description.dataURL)
            volume    \(description.identifier)
            sizes     objects of \(ByteSize(bytes: Int(description.objectSize))), blocks of \
            \(ByteSize(bytes: Int(description.blockSize)))
            encrypted \(description.wrappedKey ?? "no")
            content   \(ByteSize(bytes: Int(usage.bytes)).rounded)\(limit)
            nodes     \(usage.nodes)\(nodeLimit)
            garbage   \(ByteSize(bytes: Int(usage.garbageBytes)).rounded)
            trash     \(ByteSize(bytes: Int(clamping: trash.bytes)).rounded) of the content, \(trash.entries) of the nodes; \(age)
            """)
        for (_, mark) in description.journals ?? [:] {
            print("journal   \(mark.directory) on \(mark.host)")
        }
    }
}
