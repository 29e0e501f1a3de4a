import Glibc
import SystemPackage
import Testing

extension MountTests.StoreRescue {
    /// A mount whose volume somebody has taken over with `--force` saves aside what it had, and leaves the volume to the other.
    @Test(arguments: Way.allCases)
    func forcedAwayMountsSaveWhatTheyHad(_ way: Way) async throws {
        try await withScratch { scratch in
            try await Program.check(script: "mkdir $OUT/objects; mount -t tmpfs none $OUT/objects", scratch: scratch)
            defer { _ = unsafe umount2("\(scratch.outside)/objects", Int32(MNT_DETACH)) }
            let database = try await StoreTool.format(scratch, ["--data", "file://\(scratch.outside)/objects"])
            let first = try await ServerProcess.start(
                .store, by: way, scratch: scratch, options: ["--rescue", "\(scratch.outside)/rescue"])
            try await first.check("echo there > closed; mount -o remount,ro $OUT/objects")
            let script = """
                import errno, os, time
                file = os.open('\(first.path)/f', os.O_RDWR | os.O_CREAT, 0o644)
                for i in range(5): os.pwrite(file, b'w' * 1000000, i * 1000000)
                print(os.fstat(file).st_ino)
                print('written', flush=True)
                while not os.path.exists('\(scratch.outside)/continued'): time.sleep(0.02)
                try:
                    os.fsync(file)
                    print('stored')
                except OSError as error:
                    print('refused', errno.errorcode[error.errno])
                """
            let writer = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(90))
            try await writer.wrote("written")
            // As it is seen from another machine, where the lock of the first does not reach.
            let change = "UPDATE sessions SET host = 'elsewhere', machine = 'm', boot = 'another'"
            try await Program.check(
                script: """
                    python3 -c "import sqlite3; d = sqlite3.connect('\(database)'); d.execute(\\"\(change)\\"); d.commit()"
                    rm '\(database).lock'; mount -o remount,rw $OUT/objects
                    """, scratch: scratch)
            try await withScratch { other in
                let refused = try await StoreTool.run(["mount", database, other.mountPoint.string])
                #expect(refused.exitCode == 1 && refused.text.contains("--force"), "\(refused.text)")
                let second = try await ServerProcess.start(
                    .store, by: way, scratch: other, metadata: database, options: ["--force"])
                try await second.check("echo other > more; same \"$(cat closed)\" there")
                try await Program.check(script: "touch $OUT/continued", scratch: scratch)
                let text = try await writer.ended().text
                #expect(text.hasSuffix("refused ESTALE\n"), "\(text)")
                try await first.process.wrote("what was not committed of 1 file is saved in")
                let inode = text.split(separator: "\n").first.map(String.init) ?? ""
                try await Program.check(script: Self.saved + "saved \(inode) 0 5000000 w", scratch: scratch)
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended()
                #expect(ending.exitCode == 1, "\(ending.text)")
                let line = "could not be committed: of 1 file it is saved in \(scratch.outside)/rescue"
                #expect(ending.text.contains(line), "\(ending.text)")
                try await second.check("same \"$(cat more)\" other; same \"$(stat -c %s f)\" 0")
                try await StoreTool.end(second)
            }
            #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
        }
    }
}
