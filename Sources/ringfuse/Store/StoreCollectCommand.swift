import ArgumentParser
import NetworkStore
import RingFUSE

/// `ringfuse store gc`.
struct StoreCollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove objects that nobody refers to. A mount does so by itself.",
        discussion: """
            A volume of SQLite's must not be mounted. May be interrupted, and run again.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions
    /// Take it over.
    @OptionGroup var takeOver: TakeOverOptions

    /// Removes them.
    func run() async throws {
        let engine = try await volume.metadata.open(takesOver: takeOver.force)
        let result: Result<Int, any Error>
        do {
            result = .success(try await collect(engine))
        } catch {
            result = .failure(error)
        }
        await engine.close()
        print("removed \(try result.get()) objects")
    }

    private func collect(_ engine: any MetadataEngine) async throws -> Int {
        let collector = GarbageCollector(engine: engine, store: try VolumeOptions.store(of: engine.volume))
        let worker = try BackgroundWorker()
        let progress = ProgressLine()
        let result: Result<Int, VolumeFailure> = await worker.run { io in
            do throws(VolumeFailure) {
                return .success(try await collector.collect(io) { progress.show("removed \($0) objects") })
            } catch {
                return .failure(error)
            }
        }
        progress.close()
        await worker.shutDown()
        return try result.get()
    }
}
