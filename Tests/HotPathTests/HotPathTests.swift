import Foundation
import Testing

/// In steady state a read on the ring costs no allocation, no retain, no lock, and one system call a batch.
@Suite(.serialized, .enabled(if: RingSwitch.isInKernel, "this kernel has no FUSE-over-io_uring"))
struct HotPathTests {
    init() throws { try RingSwitch.turnOn() }

    /// Whatever opening, closing and starting fio cost is the same in both runs: what a hundred times as many reads
    /// cost more, reads cost.
    @Test(arguments: [1, 32])
    func readsCostNoMemoryAndNoCounting(depth: Int) throws {
        let server = try ServerUnderTest(transport: "ring")
        defer { server.stop() }
        try server.read(blocks: 1000, depth: depth)
        let few = try difference(server) { try server.read(blocks: 200, depth: depth) }
        let many = try difference(server) { try server.read(blocks: 20_000, depth: depth) }
        // The kernel may ask for attributes once more in a longer run; a hundredth of a read would already be 198.
        let slack: UInt64 = 20
        #expect(many.allocations <= few.allocations + slack)
        #expect(many.retains <= few.retains + slack)
        #expect(many.locks <= few.locks + slack)
        // The counter works: starting a server allocates.
        #expect(try server.counts().allocations > 20)
        #expect(try server.counts().retains > 10)
    }

    @Test func readsOneAfterTheOtherCostOneSystemCallEach() throws {
        let server = try ServerUnderTest(transport: "ring")
        defer { server.stop() }
        let calls = try trace(server) { try server.read(blocks: 10_000, depth: 1) }
        let enters = calls["io_uring_enter", default: 0]
        #expect(enters >= 10_000, "every read wakes the worker once")
        #expect(enters <= 10_200, "\(enters) for 10,000 reads, and some for opening and closing")
        #expect(others(calls) <= 300, "\(calls)")
    }

    @Test func readsInFlightShareSystemCalls() throws {
        let server = try ServerUnderTest(transport: "ring")
        defer { server.stop() }
        let calls = try trace(server) { try server.read(blocks: 20_000, depth: 32) }
        let enters = calls["io_uring_enter", default: 0]
        #expect(enters > 0)
        // How many requests a batch holds is the scheduler's doing; a batch never costs a second call.
        #expect(enters <= 20_200, "\(enters) for 20,000 reads, 32 in flight")
        #expect(others(calls) <= 300, "\(calls)")
    }

    private func difference(
        _ server: ServerUnderTest,
        of work: () throws -> Void
    ) throws -> ServerUnderTest.Counts {
        let before = try server.counts()
        try work()
        let after = try server.counts()
        return ServerUnderTest.Counts(
            allocations: after.allocations - before.allocations, retains: after.retains - before.retains,
            locks: after.locks - before.locks)
    }

    /// Counts the system calls of all of the server's threads while something is done.
    private func trace(_ server: ServerUnderTest, _ work: () throws -> Void) throws -> [String: Int] {
        let summary = URL(filePath: NSTemporaryDirectory()).appending(path: "strace-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: summary) }
        let strace = Process()
        strace.executableURL = URL(filePath: "/usr/bin/env")
        strace.arguments = ["strace", "-f", "-c", "-U", "calls,name", "-o", summary.path, "-p", "\(server.identifier)"]
        strace.standardError = FileHandle.nullDevice
        try strace.runWithSignals()
        try waitUntilTraced(server.identifier)
        try work()
        // SIGTERM makes it detach and write its summary; SIGINT is ignored where this test runs in the background.
        strace.terminate()
        strace.waitUntilExit()
        return try parse(String(contentsOf: summary, encoding: .utf8))
    }

    private func waitUntilTraced(_ process: Int32) throws {
        let deadline = Date.now.addingTimeInterval(10)
        let tasks = "/proc/\(process)/task"
        while Date.now < deadline {
            let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
            let isTraced = try threads.allSatisfy { thread in
                let status = try String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)
                return status.contains("TracerPid:") && !status.contains("TracerPid:\t0\n")
            }
            if isTraced { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw Failure("strace did not attach within 10 s")
    }

    /// Lines of "calls name".
    private func parse(_ summary: String) -> [String: Int] {
        var calls: [String: Int] = [:]
        for line in summary.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let count = Int(words[0]), words[1] != "total" { calls[String(words[1])] = count }
        }
        return calls
    }

    private func others(_ calls: [String: Int]) -> Int {
        calls.filter { $0.key != "io_uring_enter" }.values.reduce(0, +)
    }
}

/// The kernel's switch for FUSE-over-io_uring.
enum RingSwitch {
    private static let parameter = "/sys/module/fuse/parameters/enable_uring"

    /// Whether the kernel has the ring at all.
    static var isInKernel: Bool { FileManager.default.fileExists(atPath: parameter) }

    /// Switches it on; a kernel that has it but where that fails is a failure, not a reason to skip.
    static func turnOn() throws {
        if try String(contentsOfFile: parameter, encoding: .utf8).hasPrefix("Y") { return }
        try Data("Y".utf8).write(to: URL(filePath: parameter))
    }
}
