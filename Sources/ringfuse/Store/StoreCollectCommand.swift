import ArgumentParser
import NetworkStore
import RingFUSE

/// `ringfuse store gc`.
struct StoreCollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove objects that nobody refers to, and what is old in the trash. A mount does so by itself.",
        discussion: """
            A volume of SQLite's must not be mounted. May be interrupted, and run again.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions
    /// Moves what lies badly first.
    @Flag(
        help: """
            First pack small files that are within the metadata into objects, whatever their age, and rewrite objects of which \
            most is not used, and files that lie in many small pieces.
            """)
    var compact = false

    /// What it is opened with.
    @OptionGroup(title: "Secrets of encrypted volumes, with --compact") var secrets: KeyOptions

    /// Take it over.
    @OptionGroup var takeOver: TakeOverOptions

    /// Removes them.
    func run() async throws {
        let interruption = Interruption { _ in "what was done stays done; run it again for the rest" }
        defer { withExtendedLifetime(interruption) {} }
        let count = try await volume.metadata.withEngine(takesOver: takeOver.force) { try await collect($0) }
        print("removed \(count) objects")
    }

    private func collect(_ engine: any MetadataEngine) async throws -> Int {
        try await removeOldTrash(engine)
        if compact { try await compact(engine) }
        let collector = GarbageCollector(engine: engine, store: try VolumeOptions.store(of: engine.volume))
        return try await BackgroundWorker.run { io, _, progress in
            try await collector.collect(io) { progress.show("removed \($0) objects") }
        }
    }

    /// Removes what has been in the trash for long enough.
    private func removeOldTrash(_ engine: any MetadataEngine) async throws {
        let progress = ProgressLine()
        let end = TrashCan.end(ofAge: engine.volume.trashAge ?? 0)
        let count = try await TrashCan(engine).discard(before: end) { progress.show("removed \($0) of the trash") }
        progress.close()
        if count > 0 { print("removed \(count) files and directories of the trash for good") }
    }

    /// Rounds through the volume: where it is in use there may always be something to move.
    private static let mostRounds = 8

    private func compact(_ engine: any MetadataEngine) async throws {
        let (store, key) = (try VolumeOptions.store(of: engine.volume), try secrets.key(of: engine.volume))
        let moved = try await BackgroundWorker.run { io, worker, progress in
            let volume = try Volume(engine: engine, store: store, background: worker, key: key)
            var policy = Compactor.Policy()
            (policy.patience, policy.leastObject) = (-1, 64 << 10)
            var compactor = Compactor(volume, policy)
            var sum = Compactor.Progress()
            // What one round moves may leave objects behind of which little is in use: the next moves that.
            for _ in 0..<Self.mostRounds {
                let round = try await compactor.run(io) { _ in progress.show("moving what lies badly") }
                sum.bytes += round.bytes
                sum.files = max(sum.files, round.files)
                if round.bytes == 0 { break }
            }
            return sum
        }
        print("moved \(ByteSize(bytes: Int(moved.bytes))) of \(moved.files) files")
    }
}
