import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// What opens an encrypted volume is changed.
    @Suite
    struct StoreSecrets {
        /// Files with secrets, by their names.
        private static func secrets(_ scratch: Scratch) async throws -> (String) -> String {
            try await Program.check(
                script: """
                    head -c 32 /dev/urandom > $OUT/key
                    echo 'a passphrase' > $OUT/passphrase
                    head -c 8 /dev/urandom > $OUT/short
                    """, scratch: scratch)
            return { scratch.outside.appending($0).string }
        }

        /// From a passphrase to a key file and back; the content is opened by the new one, and by nothing else.
        @Test func changes() async throws {
            try await withScratch { scratch in
                let file = try await Self.secrets(scratch)
                let (phrase, key) = (["--passphrase-file", file("passphrase")], ["--key-file", file("key")])
                let database = try await StoreTool.format(scratch, ["--encryption", "aes-256-gcm"] + phrase)
                let first = try await ServerProcess.start(.store, by: .ring, scratch: scratch, options: phrase)
                try await first.check("head -c 3M /dev/urandom > $OUT/data; cp $OUT/data f; echo small > g")
                let busy = try await StoreTool.run(["secret", database] + phrase + ["--new-key-file", file("key")])
                #expect(busy.exitCode != 0 && busy.text.contains("in use"), "\(busy.text)")
                try await StoreTool.end(first)
                for (options, text) in [
                    (key + ["--new-key-file", file("key")], "formatted with a passphrase"),
                    (phrase + ["--new-key-file", file("short")], "has 8 bytes"),
                    (phrase, "RINGFUSE_NEW_PASSPHRASE"),
                ] {
                    let ending = try await StoreTool.run(["secret", database] + options)
                    #expect(ending.exitCode != 0 && ending.text.contains(text), "\(options): \(ending.text)")
                }
                let told = try await StoreTool.succeed(
                    ["secret", database] + phrase + ["--new-key-file", file("key")])
                #expect(told.contains("new secret"))
                let old = try await StoreTool.run(["fsck", database, "--scrub"] + phrase)
                #expect(old.exitCode != 0 && old.text.contains("key file"), "\(old.text)")
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"] + key).contains("all read"))
                let second = try await ServerProcess.start(.store, by: .ring, scratch: scratch, options: key)
                try await second.check("cmp f $OUT/data; same \"$(cat g)\" small")
                try await StoreTool.end(second)
                _ = try await StoreTool.succeed(
                    ["secret", database] + key + ["--new-passphrase-file", file("passphrase")])
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"] + phrase).contains("all read"))
            }
        }

        /// With PostgreSQL, while it is mounted, which goes on.
        @Test func changesWhileItIsShared() async throws {
            try await withScratch { scratch in
                let file = try await Self.secrets(scratch)
                let (phrase, key) = (["--passphrase-file", file("passphrase")], ["--key-file", file("key")])
                let url = try await PostgreSQLServer.shared.value.volume()
                let data = ["--data", "file://\(scratch.outside)/objects"]
                try await StoreTool.succeed(["format", url, "--encryption", "aes-256-gcm"] + data + phrase)
                let first = try await ServerProcess.start(
                    .shared, by: .ring, scratch: scratch, metadata: url, options: phrase)
                try await first.check("head -c 3M /dev/urandom > $OUT/data; cp $OUT/data f; echo small > g")
                let told = try await StoreTool.succeed(["secret", url] + phrase + ["--new-key-file", file("key")])
                #expect(told.contains("new secret"))
                try await first.check("cp $OUT/data h; echo more > i")
                try await withScratch { other in
                    let words = ["mount", url, other.mountPoint.string]
                    let old = try await StoreTool.run(words + phrase)
                    #expect(old.exitCode != 0 && old.text.contains("key file"), "\(old.text)")
                    let second = try await ServerProcess.start(
                        .shared, by: .ring, scratch: other, metadata: url, options: key)
                    try await Program.check(
                        script: "for n in f h; do cmp $n $OUT/data; done; same \"$(cat g i | xargs)\" 'small more'",
                        scratch: scratch, in: second.path)
                    try await StoreTool.end(second)
                }
                try await StoreTool.end(first)
                let old = try await StoreTool.run(["fsck", url, "--scrub"] + phrase)
                #expect(old.exitCode != 0 && old.text.contains("key file"), "\(old.text)")
                #expect(try await StoreTool.succeed(["fsck", url, "--scrub"] + key).contains("all read"))
            }
        }

        /// A volume that is not encrypted has none.
        @Test func plainVolumesHaveNone() async throws {
            try await withScratch { scratch in
                let file = try await Self.secrets(scratch)
                let database = try await StoreTool.format(scratch, [])
                let ending = try await StoreTool.run(
                    ["secret", database, "--key-file", file("key"), "--new-key-file", file("key")])
                #expect(ending.exitCode != 0 && ending.text.contains("is not encrypted"), "\(ending.text)")
            }
        }
    }
}
