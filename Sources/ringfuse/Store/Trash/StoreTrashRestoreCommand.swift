import ArgumentParser
import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// `ringfuse store trash restore`.
struct StoreTrashRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put files of the trash back to where they were.",
        discussion: """
            Nothing is overwritten: what finds its name taken is told of and stays in the trash. A directory that is gone comes back, \
            with the owner and permissions that it had. With --path the newest of each path is restored. Exit code 1 where anything \
            was refused. May be interrupted, and run again.
            """
    )

    /// Whose.
    @OptionGroup var options: TrashOptions

    /// Which.
    @Argument(help: ArgumentHelp("Numbers of entries, as 'list' tells them.", valueName: "entry"))
    var entries: [UInt64] = []

    /// Where they were.
    @Option(
        help: ArgumentHelp(
            "Instead: all that was there or below it, from the root of the volume on; / for everything.",
            valueName: "path"))
    var path: String?

    /// Since when.
    @Option(
        help: ArgumentHelp(
            "With --path: what was removed since then: how long ago (2h), or a date (2026-11-27T03:00:00Z).",
            valueName: "moment"),
        transform: { try Moment(parsing: $0) }
    )
    var since: Moment?

    /// Until when.
    @Option(
        help: ArgumentHelp("With --path: what was removed until then.", valueName: "moment"),
        transform: { try Moment(parsing: $0) }
    )
    var until: Moment?

    /// Where to.
    @Option(
        help: ArgumentHelp(
            "A directory to put them all in, instead: of the mount; or of the volume, from its root on.",
            valueName: "directory"))
    var to: String?

    /// Checks what excludes each other.
    func validate() throws {
        guard entries.isEmpty != (path == nil) else { throw ValidationError("name either entries or --path") }
        guard path != nil || (since == nil && until == nil) else {
            throw ValidationError("--since and --until go with --path")
        }
    }

    /// How many were restored, and how many were not.
    private struct Outcome: Sendable {
        var restored = 0
        var refused = 0
    }

    /// Restores them.
    func run() async throws {
        let outcome = try await options.use(writes: true) { target in
            let directory: UInt64? = if let to { try await target.directory(to) } else { nil }
            let wanted = try await wanted(target)
            let line = ProgressLine()
            defer { line.close() }
            var outcome = Outcome()
            for (entry, label) in wanted where !Task.isCancelled {
                do {
                    try await target.restore(entry, to: directory)
                    outcome.restored += 1
                } catch let error as Errno {
                    outcome.refused += 1
                    StandardError.write("ringfuse: \(label): \(Self.reason(error))".printable)
                }
                line.show("restored \(outcome.restored) of \(wanted.count)")
            }
            return outcome
        }
        print("restored \(outcome.restored)")
        guard outcome.refused == 0 else { throw ExitCode(1) }
    }

    /// What is to be restored, with what people call it.
    private func wanted(_ target: any TrashTarget) async throws -> [(entry: UInt64, label: String)] {
        guard let path else { return entries.map { ($0, "entry \($0)") } }
        var newest: [String: TrashItem] = [:]
        var time: UInt64 = 0
        while let last = try await add(&newest, after: time, path, target) { time = last }
        return newest.values.sorted { $0.time < $1.time }.map { ($0.entry, $0.path ?? $0.name) }
    }

    /// Looks through some more of the trash, and keeps the newest of each path.
    ///
    /// - Returns: how far it has got; `nil` at the end.
    private func add(
        _ newest: inout [String: TrashItem],
        after time: UInt64,
        _ path: String,
        _ target: any TrashTarget
    ) async throws -> UInt64? {
        let items = try await target.items(after: time)
        for item in items where !item.isDirectory && item.isBelow(path) {
            guard item.time >= since?.time ?? 0, item.time <= until?.end ?? .max else { continue }
            newest[item.path ?? item.name] = item
        }
        return items.last?.time
    }

    /// Why an entry is not restored, and what to do.
    private static func reason(_ error: Errno) -> String {
        switch error {
        case .fileExists: "its name is taken; move away what has it, or name another directory with --to"
        case .noSuchFileOrDirectory: "its directory is gone for good; name another one with --to"
        case .notDirectory: "its directory is gone and something else has its name; name another one with --to"
        case .noData: "is not in the trash; 'ringfuse store trash list' tells what is"
        case .diskQuotaExceeded: "the quota of its directory has no room for it"
        default: "\(error)"
        }
    }
}
