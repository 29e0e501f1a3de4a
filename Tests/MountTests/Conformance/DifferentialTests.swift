import Foundation
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Mounts do what ext4 does, call by call: see Tests/Differential for the cases, the scripts and what may differ.
    @Suite
    struct Differential {
        /// A transport and a file system, with the kernel's writeback cache or without.
        struct Combination: Sendable, CustomTestStringConvertible {
            /// The transport and the file system.
            let flavor: Flavor
            /// Whether the kernel keeps what is written and writes it back later.
            let writesBack: Bool

            /// All of them.
            static let all = Flavor.withCaches.map { Combination(flavor: $0, writesBack: $1 == .back) }

            /// The names.
            var testDescription: String { flavor.testDescription + (writesBack ? ", writing back" : "") }
        }

        /// Seeds that every run tries, so that a failure is the change's own; fewer where machines are emulated.
        /// `tools/differential` tries fresh ones.
        private static let seeds: ClosedRange<UInt64> = 1...UInt64(400 / patience)

        @Test(arguments: Combination.all)
        func casesGiveWhatExt4Gives(_ combination: Combination) async throws {
            try await check(combination, [])
        }

        @Test(arguments: Combination.all)
        func scriptsFromSeedsGiveWhatExt4Gives(_ combination: Combination) async throws {
            let (first, count) = (Self.seeds.lowerBound, Self.seeds.count)
            try await check(combination, ["--no-cases", "--seed", "\(first)", "--seeds", "\(count)"])
        }

        /// Compares the mount with a directory on a new ext4; a mirror's source is on that too.
        private func check(_ combination: Combination, _ words: [String]) async throws {
            let options = MountOptions(allowOther: true, defaultPermissions: true, flags: [])
            let (flavor, writesBack) = (combination.flavor, combination.writesBack)
            let cache: WriteCache = writesBack ? .back : .through
            try await flavor.mounted(options: options, cache: cache, prepare: Ext4.mount) { session in
                let scratch = session.scratch
                let tool = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
                    .deletingLastPathComponent().appendingPathComponent("ringfuse-differential").path
                let fixed = [
                    tool, "--tested", "\(session.path)", "--reference", "\(Ext4.reference(in: scratch))", "--scratch",
                    "\(scratch.outside)", "--backend", flavor.kind.rawValue,
                ]
                let flags = writesBack ? ["--writeback"] : []
                let ending = try await ChildProcess.start(fixed + flags + words, limit: .seconds(120)).ended()
                #expect(ending.isSuccess, "exit code \(ending.exitCode)\n\(ending.text)")
            }
        }
    }
}

/// An ext4 file system in an image, in memory: a sync costs nothing there.
private enum Ext4 {
    /// Where it is mounted.
    static func root(in scratch: Scratch) -> FilePath { scratch.path.appending("ext4") }

    /// What mounts are held against.
    static func reference(in scratch: Scratch) -> FilePath { root(in: scratch).appending("reference") }

    /// Makes one, and lays a directory of it over the source of mirrors.
    ///
    /// Without access times: the kernel asks no server to keep them for what its page cache answers.
    static func mount(in scratch: Scratch) async throws {
        try await Program.check(
            script: """
                chmod 755 '\(scratch.path)'
                mkdir '\(root(in: scratch))' '\(scratch.path)/memory'
                mount -t tmpfs -o size=1g memory '\(scratch.path)/memory'
                truncate -s 1G '\(scratch.path)/memory/image'
                mkfs.ext4 -q -F -b 4096 -I 256 '\(scratch.path)/memory/image'
                mount -o loop,noatime '\(scratch.path)/memory/image' '\(root(in: scratch))'
                mkdir '\(reference(in: scratch))' '\(root(in: scratch))/source'
                mount --bind '\(root(in: scratch))/source' '\(scratch.source)'
                """, scratch: scratch)
    }
}
