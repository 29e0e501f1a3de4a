import ArgumentParser
import RingFUSE
import SystemPackage

/// `ringfuse store warmup`.
struct StoreWarmUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmup",
        abstract: "Have the server of a mount fetch files into its caches.",
        discussion: """
            Reads files, and all that is below directories, of a mounted volume or bucket. What stays is what its caches \
            have room for: --content-memory, and --cache-directory beyond the mount. May be interrupted, and run again: what \
            is cached is not fetched again. Exit code 1 where something could not be read.
            """
    )

    /// What to read.
    @Argument(help: ArgumentHelp("Files and directories of a mount.", valueName: "path"))
    var paths: [String]

    /// How many files at a time.
    @Option(help: ArgumentHelp("How many files are read at a time.", valueName: "n"))
    var jobs = 8

    /// Checks ranges.
    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs \(jobs): must be from 1 to 256") }
    }

    /// Reads them.
    func run() async throws {
        let paths = paths.map { FilePath($0).absolute }
        for path in paths { try Self.check(path) }
        let worker = try BackgroundWorker(name: "ringfuse-warmup")
        let warmUp = WarmUp(worker, jobs: jobs)
        let interruption = Interruption { _ in "read \(warmUp.soFar)" }
        defer { withExtendedLifetime(interruption) {} }
        let sum = await warmUp.run(paths)
        await worker.shutDown()
        print("read \(sum)")
        guard sum.failures == 0 else { throw ExitCode(1) }
    }

    /// Checks that a path is on a mount of this tool, whose server could have a cache.
    private static func check(_ path: FilePath) throws {
        let entries = try MountTable.read().entries
        // The last of those that are at the deepest directory hides the others.
        let deepest = entries.filter { path.starts(with: $0.mountPoint) }.enumerated()
            .max { ($0.element.mountPoint.length, $0.offset) < ($1.element.mountPoint.length, $1.offset) }
        guard let mount = deepest?.element, mount.type.hasPrefix("fuse") else {
            throw ValidationError("\(path): is on no mount of a volume or bucket, and has nothing to be fetched")
        }
    }
}
