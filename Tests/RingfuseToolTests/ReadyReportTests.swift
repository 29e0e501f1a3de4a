import SystemPackage
import Testing

@testable import RingFUSE
@testable import ringfuse

/// What a user reads once the mount answers.
@Suite struct ReadyReportTests {
    /// A report of a session on two CPUs.
    private func report(
        ring: Bool,
        reason: String? = nil,
        pin: Placement.Pin = .same,
        daemon: Bool = false,
        program: String = "ringfuse"
    ) throws -> ReadyReport {
        let topology = CPUTopology(possible: [0, 1, 2], online: [0, 1], allowed: [0, 1])
        let status = SessionStatus(
            usesRing: ring,
            fallbackReason: reason,
            placement: try Placement(on: topology, wishes: Placement.Wishes(pin: pin)),
            depth: 16,
            bufferBytes: 48 << 20,
            connection: Connection(
                protocolMinor: 45,
                maxWrite: 1 << 20,
                maxReadahead: 1 << 17,
                usesRing: ring,
                notifier: Notifier(device: FileDescriptor(rawValue: -1))
            ),
            notices: ["the depth was lowered"]
        )
        return ReadyReport(
            fileSystem: "memory", mountPoint: "/mnt/x", status: status, daemon: daemon, program: program)
    }

    @Test func ring() throws {
        #expect(
            try report(ring: true).lines == [
                "mounted:   memory on /mnt/x",
                "transport: ring (FUSE 7.45)",
                "workers:   2, on CPUs 0-1, serving 3 queues",
                "requests:  16 per queue, up to 1 MiB each; buffers of 48 MiB",
                "note:      the depth was lowered",
                "unmount:   ringfuse unmount /mnt/x, or Ctrl-C here",
            ]
        )
    }

    @Test func fallback() throws {
        let report = try report(ring: false, reason: "enable_uring is N", pin: .none, daemon: true)
        #expect(report.transport == "/dev/fuse (FUSE 7.45), not the ring: enable_uring is N")
        #expect(report.workers == "2, not pinned")
        #expect(report.lines.last == "unmount:   ringfuse unmount /mnt/x")
    }

    /// Somebody who ran the tool by its path has to end it by its path.
    @Test func programByItsPath() throws {
        let report = try report(ring: true, daemon: true, program: "./build/ringfuse")
        #expect(report.lines.last == "unmount:   ./build/ringfuse unmount /mnt/x")
    }

    @Test func deviceAskedFor() throws {
        #expect(try report(ring: false).transport == "/dev/fuse (FUSE 7.45)")
    }
}
