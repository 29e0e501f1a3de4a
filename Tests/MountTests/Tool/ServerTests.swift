import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Servers that are processes of their own, and what they leave when they are killed.
    @Suite
    struct Servers {
        /// How a dead mount is cleared.
        enum Broom: String, Sendable, CaseIterable {
            case umount
            case mounter
            case tool
        }

        @Test(arguments: Flavor.plain)
        func endWithASignal(_ flavor: Flavor) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(flavor.kind, by: flavor.way, scratch: scratch)
                try await server.check("echo hello > f; same \"$(cat f)\" hello")
                server.process.signal(SIGTERM)
                let ending = try await server.process.ended()
                #expect(ending.exitCode == 0, "\(ending.text)")
                let isMounted = try scratch.isMounted
                #expect(!isMounted)
            }
        }

        @Test(arguments: Flavor.plain, Broom.allCases)
        func leaveADeadMountWhenTheyAreKilled(_ flavor: Flavor, _ broom: Broom) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(flavor.kind, by: flavor.way, scratch: scratch)
                try await server.check("echo hello > f")
                server.process.signal(SIGKILL)
                #expect(try await server.process.ended().signal == SIGKILL)
                let path = server.path
                #expect(try scratch.isMounted)
                // The kernel takes the rings of a killed process down after the process itself is gone.
                try await eventually("the mount to be found dead") { try mountError(at: path) == .dead(path) }
                let look = try await Program.run("stat", "-f", path.string)
                #expect(look.exitCode == 1 && isDisconnection(look.text), "\(look.text)")
                switch broom {
                case .umount: #expect(try await Program.run("umount", "-l", path.string).isSuccess)
                case .mounter: try Mounter.unmount(path)
                case .tool:
                    #expect(try await Program.run(ServerProcess.tool.string, "unmount", path.string).isSuccess)
                }
                #expect(try !scratch.isMounted)
                // Nothing is left that would keep another from taking its place.
                let next = try await ServerProcess.start(flavor.kind, by: flavor.way, scratch: scratch)
                try await next.check("echo hello > g; same \"$(cat g)\" hello")
                let unmount = try await Program.run(ServerProcess.tool.string, "unmount", path.string)
                #expect(unmount.isSuccess, "\(unmount.text)")
                #expect(try await next.process.ended().exitCode == 0)
            }
        }

        /// Why nothing can be mounted.
        private func mountError(at path: FilePath) throws -> MountError? {
            do throws(MountError) {
                try Mounter.mount(at: path).unmount()
                return nil
            } catch {
                return error
            }
        }

        /// Programs that wait for a server that is killed must not wait for ever.
        @Test(arguments: Flavor.plain)
        func killedAtWorkLeaveNobodyWaiting(_ flavor: Flavor) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(flavor.kind, by: flavor.way, scratch: scratch)
                var children: [ChildProcess] = []
                for number in 1...6 {
                    let script = """
                        echo started > $OUT/started-\(number)
                        while true; do
                            dd if=/dev/zero of=f\(number) bs=64K count=50 oflag=direct status=none
                            dd if=f\(number) of=/dev/null bs=4K iflag=direct status=none
                        done
                        """
                    children.append(
                        try await Program.start(script: script, scratch: scratch, in: scratch.mountPoint))
                }
                try await eventually("programs at work") {
                    try directoryEntries(scratch.outside).count == children.count
                }
                try await Task.sleep(for: .milliseconds(100))
                server.process.signal(SIGKILL)
                for child in children {
                    let ending = try await child.ended()
                    #expect(!ending.timedOut && ending.exitCode == 1, "\(ending.text)")
                    #expect(isDisconnection(ending.text), "\(ending.text)")
                }
                _ = try await server.process.ended()
                try Mounter.unmount(server.path)
            }
        }
    }
}
