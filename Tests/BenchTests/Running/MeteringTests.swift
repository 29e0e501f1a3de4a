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
