import Foundation
import Glibc
import Testing

@testable import Bench

/// What processes spend, and how long operations take.
@Suite struct MeteringTests {
    @Test func bothKindsOfContextSwitchesCount() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t5\n"
        #expect(ServerMeter.switches(of: status) == 155)
    }

    @Test func ownProcessSpends() throws {
        let before = try #require(ServerMeter(getpid()))
        var sum = 0.0
        while let now = ServerMeter(getpid()),
            now.cost(since: before, operations: 1, systemCalls: nil).cpuMicroseconds < 50
        {
            sum += 1
        }
        let after = try #require(ServerMeter(getpid()))
        let one = after.cost(since: before, operations: 1, systemCalls: 20)
        let ten = after.cost(since: before, operations: 10, systemCalls: 20)
        #expect(one.cpuMicroseconds >= 50)
        #expect(abs(one.cpuMicroseconds / ten.cpuMicroseconds - 10) < 1e-6)
        #expect(one.systemCalls == 20 && ten.systemCalls == 2)
    }

    /// A thread that was there at first and has ended counts, with less than a tick of 10 ms.
    @Test func threadsThatHaveEndedCount() throws {
        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/python3")
        server.arguments = ["-c", Self.threadThatEnds]
        let (input, output) = (Pipe(), Pipe())
        (server.standardInput, server.standardOutput) = (input, output)
        try server.run()
        defer { server.terminate() }
        #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
        let before = try #require(ServerMeter(server.processIdentifier))
        try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
        let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let spent = try #require(Double(answer.trimmingCharacters(in: .whitespacesAndNewlines)))
        let after = try #require(ServerMeter(server.processIdentifier))
        let cost = after.cost(since: before, operations: 1, systemCalls: nil).cpuMicroseconds
        #expect(cost >= spent && cost < spent + 5_000, "of \(spent)")
    }

    /// A program with a thread that works for some milliseconds once it is told to, ends, and tells how many microseconds it took.
    private static let threadThatEnds = """
        import os, sys, threading, time
        go = threading.Event()
        spent = []
        def work():
            go.wait()
            start = time.thread_time_ns()
            while time.thread_time_ns() - start < 3_000_000: pass
            spent.append((time.thread_time_ns() - start) / 1000)
        thread = threading.Thread(target=work)
        thread.start()
        os.write(1, b'ready\\n')
        sys.stdin.readline()
        go.set()
        thread.join()
        while len(os.listdir('/proc/self/task')) > 1: time.sleep(0.001)
        os.write(1, b'%f\\n' % spent[0])
        sys.stdin.readline()
        """

    @Test func memoryIsOfTheHighWaterMark() {
        #expect(ServerMeter.peak(of: "VmPeak:\t  900 kB\nVmHWM:\t  20 kB\nVmRSS:\t  10 kB\n") == 20_480)
        #expect(ServerMeter.peak(of: "Name:\tkthreadd\n") == nil)
    }

    /// A server whose work is done by a child of a child.
    @Test func childrenCount() async throws {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-c", "bash -c 'while :; do :; done & wait' & wait"]
        try shell.run()
        defer { for process in ProcFile.family(of: shell.processIdentifier).reversed() { kill(process, SIGKILL) } }
        while ProcFile.family(of: shell.processIdentifier).count < 3 { try await Task.sleep(for: .milliseconds(10)) }
        let before = try #require(ServerMeter(shell.processIdentifier))
        while let now = ServerMeter(shell.processIdentifier) {
            let cost = now.cost(since: before, operations: 1, systemCalls: nil)
            if cost.cpuMicroseconds > 20_000 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("it has ended by itself")
    }

    @Test func processesThatAreGoneHaveNoMeter() {
        #expect(ServerMeter(-1) == nil)
    }

    /// 998 operations of 1 µs, one of 50 and one of 500.
    @Test func percentilesComeFromTheHistogram() {
        var counts = [UInt64](repeating: 0, count: 1024)
        for (nanoseconds, count) in [(1_000.0, UInt64(998)), (50_000, 1), (500_000, 1)] {
            let bucket = (0..<1024).min { first, second in
                abs(Histogram.nanoseconds(first) - nanoseconds) < abs(Histogram.nanoseconds(second) - nanoseconds)
            }
            counts[bucket ?? 0] += count
        }
        #expect(abs(Histogram.percentile(0.5, of: counts) / 1_000 - 1) < 0.05)
        #expect(abs(Histogram.percentile(0.999, of: counts) / 50_000 - 1) < 0.05)
        #expect(abs(Histogram.percentile(1, of: counts) / 500_000 - 1) < 0.05)
    }
}
