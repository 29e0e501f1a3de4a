import ArgumentParser
import Glibc
import NetworkStore
import RingFUSE

/// `ringfuse store quota show`.
struct StoreQuotaShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the quotas that hold in a directory, the innermost first; or all of a volume."
    )

    /// Which.
    @OptionGroup var options: QuotaOptions

    /// As JSON.
    @Flag(help: "Print JSON.")
    var json = false

    /// What is told of a quota.
    private struct Shown: Codable {
        var path: String?
        var quota: QuotaRecord
    }

    /// Shows them.
    func run() async throws {
        let shown: [Shown]
        if options.directory == nil, let metadata = Self.volume(options.place) {
            shown = try await Self.all(of: metadata)
        } else {
            shown = try await options.target().show().map { Shown(path: nil, quota: $0) }
        }
        guard !json else { return print(try JSONText.encode(shown)) }
        if shown.isEmpty { print("no quotas") }
        for one in shown { print(QuotaText.line(one.quota, path: one.path)) }
    }

    /// A volume, where a place is no directory.
    private static func volume(_ place: String) -> MetadataLocation? {
        var status = stat()
        if unsafe stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
        return MetadataLocation(argument: place)
    }

    /// All quotas of a volume, with their paths.
    private static func all(of metadata: MetadataLocation) async throws -> [Shown] {
        let shown = try await metadata.withReadEngine { engine in
            var shown: [Shown] = []
            for quota in try await engine.quotas() {
                shown.append(Shown(path: await path(of: quota.id, engine) ?? "(removed)", quota: quota))
            }
            return shown
        }
        return shown.sorted { ($0.path ?? "") < ($1.path ?? "") }
    }

    /// The path of a directory, found from the directory up; `nil` where it is being removed or moved.
    private static func path(of directory: NodeID, _ engine: any MetadataEngine) async -> String? {
        var (node, components) = (directory, [String]())
        // Deeper than any path that a program can name.
        for _ in 0..<4096 {
            guard node != .root else { return "/" + components.reversed().joined(separator: "/") }
            guard let parent = await VolumeDirectory.lookUp("..", in: node, engine)?.id,
                let name = await name(of: node, in: parent, engine)
            else { return nil }
            components.append(name)
            node = parent
        }
        return nil
    }

    /// The name of a node in its directory.
    private static func name(of node: NodeID, in directory: NodeID, _ engine: any MetadataEngine) async -> String? {
        var cookie: UInt64 = 0
        while let names = try? await engine.names(in: directory, after: cookie, limit: 1000), let last = names.last {
            if let found = names.first(where: { $0.node.id == node }) { return String(found.name) }
            cookie = last.cookie
        }
        return nil
    }
}
