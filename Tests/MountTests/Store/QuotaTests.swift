import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Quotas by directory, as administrators set them and users meet them.
    @Suite
    struct StoreQuotas {
        /// What scripts use.
        private static let functions = """
            space() { df --output=$1 -B1 $2 | tail -n1 | tr -d ' '; }

            """

        /// Of a mounted volume: what was there is counted, bytes and files are refused, `df` tells, and what is removed is free at
        /// once; until the quota is cleared.
        @Test(arguments: Way.allCases)
        func boundWhatIsBelow(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = scratch.outside.appending("volume.db").string
                try await StoreTool.succeed(["format", database])
                let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await server.check(
                    "mkdir -p home/alice/deep home/bob; head -c 1M /dev/urandom > home/alice/deep/old")
                let alice = "\(server.path)/home/alice"
                let set = try await StoreTool.succeed(["quota", "set", alice, "--bytes", "4M", "--files", "10"])
                #expect(set == "1 MiB of 4 MiB, 3 of 10 files and directories\n")
                try await server.check(
                    Self.functions + """
                        same "$(space size home/alice)" 4194304
                        same "$(space avail home/alice/deep)" 3145728
                        same "$(df --output=itotal,iused home/alice/deep | tail -n1 | xargs)" '10 3'
                        [[ "$(space size home)" -gt 1000000000 ]]
                        for round in 1 2; do
                            refuses "error writing 'home/alice/f': Disk quota exceeded" \\
                                dd if=/dev/zero of=home/alice/f bs=1000000 count=8
                            same "$(stat -c %s home/alice/f)" 3145728
                            same "$(space avail home/alice)" 0
                            rm home/alice/f
                        done
                        touch home/alice/{1..7}
                        refuses 'Disk quota exceeded' touch home/alice/8
                        refuses 'Disk quota exceeded' mkdir home/alice/deep/8
                        rm home/alice/{1..7}
                        mkdir home/alice/{1..7}; rmdir home/alice/{1..7}
                        # From elsewhere.
                        head -c 5M /dev/urandom > home/bob/large; head -c 2M home/bob/large > home/bob/small
                        refuses 'Disk quota exceeded' mv home/bob/large home/alice
                        mv home/bob/small home/alice
                        same "$(space avail home/alice)" 1048576
                        refuses 'Invalid cross-device link' ln home/alice/small home/bob/link
                        mkdir home/bob/tree; echo x > home/bob/tree/x
                        mv home/bob/tree home/alice
                        same "$(cat home/alice/tree/x)" x
                        # Its own directory stays where it is, or near.
                        mv home/alice home/carol
                        same "$(space size home/carol)" 4194304
                        mv home/carol home/alice
                        # Nobody sees how it is done.
                        same "$(getfattr -m - -d home/alice)" ''
                        """)
                let all = try await StoreTool.succeed(["quota", "show", database])
                #expect(all.hasPrefix("/home/alice: 3 MiB of 4 MiB, 6 of 10"), "\(all)")
                try await StoreTool.succeed(["quota", "set", "\(server.path)/home", "--files", "100"])
                let shown = try await StoreTool.succeed(["quota", "show", "\(alice)/deep"]).split(separator: "\n")
                #expect(shown.count == 2 && shown[1].contains("9 of 100 files"), "\(shown)")
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent"))
                try await StoreTool.succeed(["quota", "clear", alice])
                try await server.check("dd if=/dev/zero of=home/alice/f bs=1M count=8 status=none")
                #expect(try await StoreTool.succeed(["quota", "show", alice]).split(separator: "\n").count == 1)
                try await StoreTool.end(server)
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent"))
            }
        }

        /// Of a volume that is not mounted, and what is refused.
        @Test func areSetBeforeMounting() async throws {
            try await withScratch { scratch in
                let database = scratch.outside.appending("volume.db").string
                try await StoreTool.succeed(["format", database])
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check(
                    "mkdir -p a/b; head -c 100000 /dev/zero > a/b/f; for i in {1..300}; do echo $i > a/$i; done")
                let outside = scratch.outside.string
                let wrong: [([String], String)] = [
                    (["set", database, "/a", "--files", "9"], "in use by process"),
                    (["set", outside, "--files", "9"], "on no mount of a volume"),
                    (["set", "\(first.path)/a/1", "--files", "9"], "not a directory"),
                    (["set", "\(first.path)/a"], "--bytes"),
                    (["clear", "\(first.path)/a"], "has no quota"),
                    (["show", "\(database)2"], "no volume"),
                ]
                for (words, text) in wrong {
                    let ending = try await StoreTool.run(["quota"] + words)
                    #expect(ending.exitCode > 0 && ending.text.contains(text), "\(words): \(ending.text)")
                    #expect(ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                }
                try await StoreTool.end(first)
                try await StoreTool.succeed(["quota", "set", database, "a", "--bytes", "200K"])
                let show = try await StoreTool.succeed(["quota", "show", database, "/a/b"])
                #expect(show.contains("of 200 KiB, 303 files and directories"), "\(show)")
                let ending = try await StoreTool.run(["quota", "clear", database, "/c"])
                #expect(ending.exitCode > 0 && ending.text.contains("no such directory"), "\(ending.text)")
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await second.check("refuses 'Disk quota exceeded' dd if=/dev/zero of=a/b/g bs=200K count=1")
                try await StoreTool.end(second)
                try await StoreTool.succeed(["quota", "clear", database, "/a"])
                #expect(try await StoreTool.succeed(["quota", "show", database]) == "no quotas\n")
            }
        }

        /// Of a volume that two mounts have: neither exceeds it, also where both write.
        @Test(arguments: Way.allCases)
        func boundAllMounts(_ way: Way) async throws {
            let url = try await PostgreSQLServer.shared.value.volume()
            try await withScratch { first in
                try await withScratch { second in
                    try await StoreTool.succeed(["format", url, "--data", "file://\(first.outside)/objects"])
                    let servers = (
                        try await ServerProcess.start(.shared, by: way, scratch: first, metadata: url),
                        try await ServerProcess.start(.shared, by: way, scratch: second, metadata: url)
                    )
                    try await servers.0.check("mkdir limited; head -c 1M /dev/urandom > limited/old")
                    try await StoreTool.succeed(["quota", "set", url, "/limited", "--bytes", "4M", "--files", "50"])
                    let places = "A='\(first.mountPoint)/limited'; B='\(second.mountPoint)/limited'\n"
                    try await Program.check(
                        script: Self.functions + places + """
                            same "$(space size $A)" 4194304
                            same "$(space size $B)" 4194304
                            dd if=/dev/zero of=$A/a bs=1M count=2 status=none
                            # What the other has written is known at once.
                            same "$(space avail $B)" 1048576
                            refuses 'Disk quota exceeded' dd if=/dev/zero of=$B/b bs=64K count=64
                            same "$(space avail $A)" 0
                            rm $B/b $A/a
                            for i in {1..30}; do echo $i > $A/a$i || true; done 2> errors & writer=$!
                            for i in {1..30}; do echo $i > $B/b$i || true; done 2>> errors
                            wait $writer
                            grep -q 'Disk quota exceeded' errors
                            same "$(ls $A | wc -l)" 49
                            """, scratch: first, in: first.outside)
                    #expect(try await StoreTool.succeed(["fsck", url]).contains("consistent"))
                    try await StoreTool.end(servers.0, servers.1)
                }
            }
        }
    }
}
