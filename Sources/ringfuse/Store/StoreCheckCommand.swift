import ArgumentParser
import NetworkStore
import RingFUSE

/// `ringfuse store fsck`.
struct StoreCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Check that a volume fits together, also while it is mounted. Changes nothing.",
        discussion: """
            Looks through the metadata, and whether each object is in the store with the right size; with --scrub it reads \
            every object and compares checksums. Exit code 1 where something does not fit.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// What it is opened with.
    @OptionGroup(title: "Secrets of encrypted volumes") var secrets: KeyOptions

    /// Reads everything.
    @Flag(help: "Read every object, and compare checksums.")
    var scrub = false

    /// Checks it.
    func run() async throws {
        let (objects, findings) = try await volume.metadata.withReadEngine { try await check($0) }
        guard findings == 0 else {
            print("\(findings) findings")
            throw ExitCode(1)
        }
        print("the volume is consistent: \(objects) objects\(scrub ? ", all read" : "")")
    }

    private func check(_ engine: any MetadataEngine) async throws -> (objects: Int, findings: Int) {
        for (_, mark) in engine.volume.journals ?? [:] {
            print(
                "note: the journal in \(mark.directory) on \(mark.host) may have content that is not in the volume yet")
        }
        let key = scrub ? try secrets.key(of: engine.volume) : nil
        let check = ObjectCheck(engine: engine, store: try VolumeOptions.store(of: engine.volume), key: key)
        let inconsistencies = try await engine.check()
        for inconsistency in inconsistencies { print("\(inconsistency)") }
        let scrub = scrub
        let (objects, findings) = try await BackgroundWorker.run { io, _, progress in
            var findings = 0
            let count = try await check.run(scrubs: scrub, io) { finding in
                findings += 1
                print("\(finding)")
            } progress: { count in
                progress.show("\(count) objects checked")
            }
            return (count, findings)
        }
        return (objects, findings + inconsistencies.count)
    }
}
