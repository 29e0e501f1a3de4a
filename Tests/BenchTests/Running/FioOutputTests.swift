import Foundation
import Testing

@testable import Bench

/// What fio prints.
@Suite struct FioOutputTests {
    /// What fio 3.33 printed for two jobs of random reads and writes, reported together.
    static let mixed = {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try? String(contentsOf: directory.appendingPathComponent("Fixtures/fio-mixed.json"), encoding: .utf8)
    }()

    @Test func mixedReadsAndWritesAreOneResult() throws {
        let result = try FioOutput.result(of: try #require(Self.mixed))
        #expect(result.operations == 8194)
        #expect(abs(result.operationsPerSecond - 21010.25641) < 0.001)
        #expect(result.bytesPerSecond == 86058010)
        let latency = try #require(result.latency)
        #expect(abs(latency.mean - 51.476730901) < 1e-6)
        #expect(latency.p50 == 38.144)
        #expect(latency.p99 == 136.192)
        #expect(latency.p999 == 2998.272)
    }

    /// Notes that fio prints before its results do no harm.
    @Test func notesBeforeTheResultsAreSkipped() throws {
        let text = "fio: this platform does not support process shared mutexes\n" + (try #require(Self.mixed))
        #expect(try FioOutput.result(of: text).operations == 8194)
    }

    @Test func errorsAreFailures() throws {
        let text = try #require(Self.mixed).replacing("\"error\" : 0", with: "\"error\" : 107")
        #expect(throws: BenchFailure("fio failed with errno 107")) { try FioOutput.result(of: text) }
    }

    @Test(arguments: ["", "fio: no such engine\n", "{\"jobs\": []}"])
    func outputWithoutResultsIsAFailure(text: String) {
        #expect(throws: BenchFailure.self) { try FioOutput.result(of: text) }
    }
}
