import Logging
import SystemPackage
import Testing

@testable import RingFUSE

/// The workers of a transport, before the kernel has heard of them.
@Suite struct WorkerTestsTransport {
    /// Nobody looks after workers of a ring that is not taken: they have left, and would look like stuck ones.
    @Test func preparedWorkersAreNotOnTheRoster() throws {
        let roster = Roster()
        let device = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
        defer { try? device.close() }
        let topology = CPUTopology(possible: [0, 1], online: [0, 1], allowed: [0, 1])
        let parts = SessionParts(
            device: device, cloneDevice: { () throws(Errno) in throw .notSupported }, agreed: agreedSession(),
            handler: RequestHandler(), topology: topology, threadPool: ThreadPool(), roster: roster,
            populatesBuffers: true, shortEntry: nil, loanTerms: nil, logger: Logger(label: "test"))
        let placement = try Placement(on: topology, wishes: Placement.Wishes(pin: .none))
        let transport = try RingTransport(parts, placement: placement, depth: 2, poll: .zero)
        #expect(transport.mailboxes.count == 2)
        #expect(roster.members.isEmpty)
        transport.discard()
        #expect(roster.members.isEmpty)
    }
}
