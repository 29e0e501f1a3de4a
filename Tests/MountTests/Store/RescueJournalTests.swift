import Glibc
import SystemPackage
import Testing

extension MountTests.StoreRescue {
    /// With a journal, what was acknowledged stays there and is brought in by the next mount; what was not is saved aside.
    @Test func whatTheJournalHasStaysThere() async throws {
        try await MountTests.SharedStore.withPair { pair in
            try await pair.check("mount -t tmpfs none objects")
            defer { _ = unsafe umount2("\(pair.first.outside)/objects", Int32(MNT_DETACH)) }
            let outside = pair.first.outside
            let options = ["--lease", "2", "--writeback", "\(outside)/journal", "--rescue", "\(outside)/rescue"]
            let first = try await pair.mount(pair.first, .device, options: options)
            let second = try await pair.mount(pair.second, .device, options: ["--lease", "2"])
            try await pair.check("echo old > $A/f; sync $A/f; until [ \"$(cat $B/f)\" = old ]; do sleep 0.1; done")
            try await pair.check("mount -o remount,ro objects")
            let script = """
                import os, time
                file = os.open('\(first.path)/f', os.O_RDWR)
                os.pwrite(file, b'j' * 100000, 0)
                os.fsync(file)
                os.pwrite(file, b'u' * 50000, 90000)
                print(os.fstat(file).st_ino, flush=True)
                print('written', flush=True)
                while not os.path.exists('\(pair.first.outside)/continued'): time.sleep(0.02)
                os._exit(0)
                """
            let writer = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(90))
            try await writer.wrote("written")
            try await Self.fence(first, of: pair) { try await pair.check("mount -o remount,rw objects") }
            try await first.process.wrote("what was not committed of 1 file is saved in")
            try await pair.check("touch continued")
            _ = try await writer.ended()
            let inode = writer.text.split(separator: "\n").first.map(String.init) ?? ""
            try await pair.check(Self.saved + "saved \(inode) 90000 50000 u")
            first.process.signal(SIGTERM)
            let ending = try await first.process.ended()
            #expect(ending.exitCode == 1, "\(ending.text)")
            let again = try await pair.mount(pair.first, .device, options: options)
            try await pair.check("for place in $A $B; do head -c 100000 /dev/zero | tr '\\0' j | cmp - $place/f; done")
            try await StoreTool.end(again, second)
            try await pair.checkVolume()
        }
    }
}
