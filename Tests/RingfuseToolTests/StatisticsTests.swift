import Foundation
import RingFUSE
import Testing

@testable import ringfuse

/// What a server tells, which may be any user's.
@Suite struct StatisticsTests {
    private func statistics(_ change: (inout SessionStatistics) -> Void = { _ in }) throws -> SessionStatistics {
        let text = """
            {"processID": 7, "mountPoint": "/mnt", "transport": "ring", "protocolMinor": 45, "uptime": 9.5,
             "depth": 8, "bufferBytes": 4096, "requests": {"READ": 3}, "notifications": 0,
             "workers": [{"name": "w0", "thread": 8, "queues": [0, 1], "entries": 16, "busy": 0, "requests": 3,
                          "deferred": 0, "tasks": 0, "errors": 0, "bytesRead": 1, "bytesWritten": 2, "turns": 4,
                          "systemCalls": 5}],
             "stuckRequests": [], "stuckWorkers": [{"worker": "w0", "thread": 8, "place": "", "age": 31}]}
            """
        var statistics = try JSONDecoder().decode(SessionStatistics.self, from: Data(text.utf8))
        change(&statistics)
        return statistics
    }

    @Test func numbersThatCannotBeAreNoAnswer() throws {
        #expect(try statistics().isPlausible)
        #expect(try !statistics { $0.uptime = 1e300 }.isPlausible)
        #expect(try !statistics { $0.uptime = -1 }.isPlausible)
        #expect(try !statistics { $0.stuckWorkers[0].age = .infinity }.isPlausible)
        #expect(try !statistics { $0.workers[0].queues = [-1] }.isPlausible)
        #expect(try !statistics { $0.workers[0].queues = [1 << 40] }.isPlausible)
        #expect(try !statistics { $0.workers[0].bytesRead = .max }.isPlausible)
        #expect(try !statistics { $0.workers += Array(repeating: $0.workers[0], count: 64).map(Self.busy) }.isPlausible)
    }

    private static func busy(_ worker: SessionStatistics.Worker) -> SessionStatistics.Worker {
        var worker = worker
        worker.requests = 1 << 59
        return worker
    }

    /// Names are what a server says they are: nothing in them reaches the terminal as a command to it.
    @Test func namesAreOnlyText() throws {
        let hostile = try statistics {
            $0.mountPoint = "/m\u{1b}[2Jnt"
            $0.workers[0].name = "w\n\u{9b}0"
        }
        let text = "\(StatisticsText(hostile))"
        #expect(text.hasPrefix("/m[2Jnt: ring") && text.contains("\n  w0: "))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) })
    }

    /// However short the time between two looks.
    @Test func ratesNeverOverflow() throws {
        let before = try statistics()
        let after = try statistics {
            $0.uptime = before.uptime.nextUp
            $0.workers[0].bytesRead = 1 << 59
        }
        #expect("\(StatisticsText(after, since: before))".contains("per second"))
    }
}
