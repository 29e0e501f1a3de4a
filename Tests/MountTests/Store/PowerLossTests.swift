import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// The power goes while a volume is at work: its database and its objects are on a disk that keeps for sure only what
    /// was synced to it.
    @Suite
    struct PowerLoss {
        /// Writes files, renames them, and notes each in `$OUT` once `fsync` of the file and of its directory have returned.
        private static let writer = """
            import os, sys
            root, notes, number = sys.argv[1:4]
            directory = f"{root}/{number}"
            os.mkdir(directory)
            handle = os.open(directory, os.O_RDONLY)
            with open(f"{notes}/kept-{number}", "w", buffering=1) as kept:
                for i in range(1 << 30):
                    size = 5000000 if i % 9 == 8 else i * 1000 % 70000 + 1
                    text = (f"{number} {i} " * (size // 4))[:size]
                    with open(f"{directory}/new", "w") as file:
                        file.write(text)
                        file.flush()
                        os.fsync(file.fileno())
                    os.rename(f"{directory}/new", f"{directory}/{i}")
                    os.fsync(handle)
                    print(i, size, file=kept)
            """

        /// What the notes say is there, whole; of what was under way nothing else than a file that is not finished.
        private static let reader = """
            import os, sys
            root, notes = sys.argv[1:3]
            count = 0
            for line in notes.split(";"):
                if not line.strip(): continue
                number, i, size = line.split()
                text = (f"{number} {i} " * (int(size) // 4))[:int(size)]
                assert open(f"{root}/{number}/{i}").read() == text, f"{number}/{i} is not what was written"
                count += 1
            assert count > 2, f"only {count} files"
            """

        @Test(arguments: Way.allCases, [false, true])
        func losesNothingThatWasSynced(_ way: Way, _ hasJournal: Bool) async throws {
            for seed in 1...2 as ClosedRange<UInt64> { try await losePower(way, hasJournal, seed) }
        }

        private func losePower(_ way: Way, _ hasJournal: Bool, _ seed: UInt64) async throws {
            let disk = VolatileDisk()
            try await withScratch { place in
                try await withScratch { scratch in
                    let database = place.mountPoint.appending("volume.db").string
                    // On the same disk.
                    let options = hasJournal ? ["--writeback", place.mountPoint.appending("journal").string] : []
                    var notes = ""
                    try await withMount(disk, scratch: place, configuration: try Way.device.configuration()) { _ in
                        try await StoreTool.succeed(["format", database])
                        let server = try await ServerProcess.start(
                            .store, by: way, scratch: scratch, metadata: database, options: options)
                        var writers: [ChildProcess] = []
                        for number in 1...2 {
                            writers.append(
                                try await ChildProcess.start([
                                    "/usr/bin/python3", "-c", Self.writer, server.path.string, scratch.outside.string,
                                    "\(number)",
                                ]))
                        }
                        try await eventually("some files") {
                            try await self.notes(in: scratch).utf8.count { $0 == UInt8(ascii: ";") } > 10 * Int(seed)
                        }
                        // What was acknowledged before the moment in which the power goes.
                        notes = try await self.notes(in: scratch)
                        disk.cutPower(seed: seed)
                        server.process.signal(SIGKILL)
                        _ = try await server.process.ended()
                        for writer in writers { _ = try await writer.ended() }
                        try await Program.check(script: "umount -l '\(server.path)'", scratch: scratch)
                    }
                    try disk.writeWhatIsLeft(to: place.mountPoint)
                    #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                    let server = try await ServerProcess.start(
                        .store, by: way, scratch: scratch, metadata: database, options: options)
                    let reading = try await Program.run(
                        "/usr/bin/python3", "-c", Self.reader, server.path.string, notes)
                    #expect(reading.isSuccess, "\(reading.text)")
                    try await StoreTool.end(server)
                    #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                }
            }
        }

        /// What writers have noted: number, file, size; and again.
        private func notes(in scratch: Scratch) async throws -> String {
            let script = """
                cd '\(scratch.outside)'
                for n in 1 2; do [ ! -e kept-$n ] || sed "s/^/$n /; s/$/;/" kept-$n; done
                """
            return try await Program.run("bash", "-c", script).text
        }
    }
}
