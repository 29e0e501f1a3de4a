import FUSEProtocol
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import RingFUSE

/// Requests that are not what they say they are: EIO for the caller, a line in the log, and never a crash.
@Suite struct WorkerTestsMalformed {
    /// Those that cannot be cut without being noticed, and that the dispatcher decodes.
    private static let strict: Set<Opcode> = [
        .lookUp, .getAttributes, .setAttributes, .unlink, .removeDirectory, .rename, .link, .open, .read, .write,
        .release, .sync, .getExtendedAttribute, .listExtendedAttributes, .removeExtendedAttribute, .flush,
        .openDirectory, .readDirectory, .releaseDirectory, .syncDirectory, .access, .fallocate, .readDirectoryPlus,
        .rename2, .seek, .copyFileRange, .copyFileRange64,
    ]

    /// Every beginning of every request, as /dev/fuse would give it.
    @Test(arguments: Golden.all)
    func truncatedOnTheDevice(_ golden: Golden) throws {
        let bench = try DeviceBench(depth: 2)
        let body = golden.argument + golden.payload
        for count in 0..<body.count {
            let request = KernelRequest(
                opcode: golden.opcode.rawValue,
                unique: UInt64(count) * 2 + 2,
                argument: Array(body[..<count])
            )
            let replies = try bench.serve(request)
            #expect(replies.count == (golden.opcode.hasReply ? 1 : 0), "\(count) bytes")
            guard Self.strict.contains(golden.opcode) else { continue }
            #expect(replies.map(\.error) == [-EIO], "\(count) bytes")
        }
        if Self.strict.contains(golden.opcode) {
            let line = "malformedRequest(opcode: \(golden.opcode.rawValue))"
            #expect(bench.events.all == [String](repeating: line, count: body.count))
        }
        bench.end()
    }

    /// On the ring the fixed part always has its 128 bytes; names and data may be cut.
    @Test(arguments: Golden.all.filter { $0.opcode.hasReply })
    func truncatedOnTheRing(_ golden: Golden) throws {
        let bench = try RingBench.started(depth: 2)
        for count in 0..<golden.payload.count {
            let unique = UInt64(count) * 2 + 2
            bench.serve(
                KernelRequest(
                    opcode: golden.opcode.rawValue,
                    unique: unique,
                    argument: golden.argument,
                    payload: Array(golden.payload[..<count])
                )
            )
            #expect(bench.kernel.replies.last?.unique == unique)
            guard Self.strict.contains(golden.opcode) else { continue }
            #expect(bench.error(of: unique) == -EIO, "\(count) bytes")
        }
        bench.end()
    }

    /// Whole requests of every opcode get one reply, or none where the kernel expects none.
    @Test(arguments: Golden.all)
    func wholeRequests(_ golden: Golden) throws {
        let bench = try DeviceBench(depth: 2)
        let request = KernelRequest(
            opcode: golden.opcode.rawValue,
            unique: 2,
            argument: golden.argument,
            payload: golden.payload,
            extensionLength: golden.extensionLength
        )
        let replies = try bench.serve(request)
        #expect(replies.map(\.unique) == (golden.opcode.hasReply ? [2] : []))
        #expect(!replies.contains { $0.error == -EIO })
        #expect(bench.events.all == [])
        bench.end()
    }

    /// A header whose extensions are longer than the request.
    @Test func contradictoryHeader() throws {
        let bench = try RingBench.started()
        var request = KernelRequest.attributes(2, of: ScriptedBackend.immediate)
        request.extensionLength = 4096
        bench.serve(request)
        #expect(bench.error(of: 2) == -EIO)
        bench.end()
    }

    /// Random bytes behind a sound header, with the seed in the report.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func noise(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let bench = try DeviceBench(depth: 2)
        for index in 1...100 as ClosedRange<UInt64> {
            let opcode = UInt32.random(in: 0...60, using: &random)
            let count = Int.random(in: 0...300, using: &random)
            let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let replies = try bench.serve(KernelRequest(opcode: opcode, unique: index * 2, argument: body))
            #expect(replies.count == (Opcode(rawValue: opcode)?.hasReply ?? true ? 1 : 0), "opcode \(opcode)")
        }
        bench.end()
    }
}
