import ArgumentParser
import NetworkStore
import RingFUSE

/// `ringfuse store trash list`.
struct StoreTrashListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is in the trash, what was removed first at the top.",
        discussion: """
            A line has the number of the entry, when it was removed (UTC), its size and its path in the volume. Directories are there for \
            what was in them.
            """
    )

    /// Whose.
    @OptionGroup var options: TrashOptions

    /// Where.
    @Option(help: ArgumentHelp("Only what was there or below it, from the root of the volume on.", valueName: "path"))
    var path: String?

    /// As JSON.
    @Flag(help: "Print JSON, a line for each.")
    var json = false

    /// What is told of an entry.
    private struct Shown: Encodable {
        var entry: UInt64
        var removed: String
        var size: UInt64
        var isDirectory: Bool
        var path: String?
        var name: String
    }

    /// Lists it.
    func run() async throws {
        try await options.use(writes: false) { target in
            var time: UInt64 = 0
            while true {
                let items = try await target.items(after: time)
                guard let last = items.last else { return }
                for item in items where path.map({ item.isBelow($0) }) ?? true { try show(item) }
                time = last.time
            }
        }
    }

    private func show(_ item: TrashItem) throws {
        let date = Moment(time: item.time).date
        guard !json else {
            return print(
                try JSONText.line(
                    Shown(
                        entry: item.entry, removed: date, size: item.size, isDirectory: item.isDirectory,
                        path: item.path, name: item.name)))
        }
        let place = (item.path ?? "(gone for good)/\(item.name)") + (item.isDirectory ? "/" : "")
        let size = item.isDirectory ? "-" : "\(item.size)"
        print("\(item.entry)  \(date)  \(size)  \(place)".printable)
    }
}
