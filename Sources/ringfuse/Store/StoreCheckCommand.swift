import ArgumentParser
import Glibc
import NetworkStore
import RingFUSE
import Synchronization

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

    /// How far it is.
    private final class Sum: Sendable {
        let objects = Atomic(0)
        let findings = Atomic(0)

        func tell(_ finding: String) {
            print(finding)
            // At once, also into a file: to read everything may take days.
            fflush(nil)
            findings.add(1, ordering: .relaxed)
        }
    }

    /// Checks it.
    func run() async throws {
        let sum = Sum()
        let interruption = Interruption { _ in
            "\(sum.objects.load(ordering: .relaxed)) objects were checked, with "
                + "\(sum.findings.load(ordering: .relaxed)) findings; nothing is changed"
        }
        defer { withExtendedLifetime(interruption) {} }
        let (objects, findings) = try await volume.metadata.withReadEngine { try await check($0, sum) }
        guard findings == 0 else {
            print("\(findings) findings")
            throw ExitCode(1)
        }
        print("the volume is consistent: \(objects) objects\(scrub ? ", all read" : "")")
    }

    private func check(_ engine: any MetadataEngine, _ sum: Sum) async throws -> (objects: Int, findings: Int) {
        for (_, mark) in engine.volume.journals ?? [:] {
            print(
                "note: the journal in \(mark.directory) on \(mark.host) may have content that is not in the volume yet")
        }
        let key = scrub ? try secrets.key(of: engine.volume) : nil
        let check = ObjectCheck(engine: engine, store: try VolumeOptions.store(of: engine.volume), key: key)
        for inconsistency in try await engine.check() { sum.tell("\(inconsistency)") }
        let scrub = scrub
        let objects = try await BackgroundWorker.run { io, _, progress in
            try await check.run(scrubs: scrub, io) { finding in
                sum.tell("\(finding)")
            } progress: { count in
                sum.objects.store(count, ordering: .relaxed)
                progress.show("\(count) objects checked")
            }
        }
        return (objects, sum.findings.load(ordering: .relaxed))
    }
}
