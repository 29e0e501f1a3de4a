import Bench

/// Reports to be rendered.
enum SmallReport {
    /// Two contenders, two workloads, three rounds; writes of the second are missing.
    static var report: Report {
        var report = Report(
            date: "2026-11-26T10:00:00Z",
            facts: [Report.Fact(name: "kernel", value: "Linux 6.18")],
            contenders: [
                Report.Contender(identifier: "ring", name: "RingFUSE, ring", command: ["ringfuse", "mount", "a b"]),
                Report.Contender(identifier: "ext4", name: "ext4", command: []),
            ],
            workloads: [
                Report.Workload(identifier: "read", name: "4K read", group: "Direct I/O", unit: .operationsPerSecond),
                Report.Workload(identifier: "write", name: "1M write", group: "Direct I/O", unit: .bytesPerSecond),
            ],
            omissions: [Report.Omission(subject: "system calls", reason: "nothing counts them")],
            baseline: "ext4")
        for (round, rates) in [(20_000.0, 10_000.0), (33_000, 11_000), (18_000, 9_000)].enumerated() {
            var ring = Sample(
                contender: "ring", workload: "read", round: round, operationsPerSecond: rates.0,
                bytesPerSecond: rates.0 * 4096)
            ring.latency = Sample.Latency(mean: 50, p50: 48, p99: 120, p999: 1500)
            ring.server = Sample.ServerCost(cpuMicroseconds: 8.5, contextSwitches: 1)
            let plain = Sample(
                contender: "ext4", workload: "read", round: round, operationsPerSecond: rates.1,
                bytesPerSecond: rates.1 * 4096)
            let write = Sample(
                contender: "ring", workload: "write", round: round, operationsPerSecond: rates.0 / 20,
                bytesPerSecond: rates.0 / 20 * 1e6)
            report.samples += [ring, plain, write]
        }
        return report
    }

    /// Names that mean something to Markdown, XML, terminals or file systems.
    static let names = [
        "<script>alert(\"1\")</script>", "a | b", "]]>&amp;'`", "\u{1B}[2J\u{0}\n# x", "日本語のファイルシステム",
        String(repeating: "long name with blanks ", count: 12), String(repeating: "W", count: 300), "", "../../etc",
        "RingFUSE, ring", "ext4", "👩‍👩‍👧 e\u{301}",
    ]

    /// A report of so many contenders, with hostile names, some results missing, in three groups.
    /// - Parameter ratio: How much faster the contender with some number is than the first one.
    static func wild(contenders: Int, rounds: Int = 3, ratio: (Int) -> Double) -> Report {
        var report = Report(
            date: "2026-11-26", facts: names.map { Report.Fact(name: $0, value: $0) },
            contenders: (0..<contenders).map { number in
                let name = names[number % names.count]
                return Report.Contender(identifier: "c\(number)", name: name, command: [name, name])
            },
            workloads: (0..<24).map { number in
                Report.Workload(
                    identifier: "w\(number)", name: names[number % names.count], group: names[number % 3],
                    unit: number % 2 == 0 ? .operationsPerSecond : .bytesPerSecond)
            },
            omissions: names.map { Report.Omission(subject: $0, reason: $0) }, baseline: "c0")
        var numbers = SeededRandom(state: 1)
        for workload in report.workloads {
            for number in 0..<contenders where (number + workload.name.utf8.count) % 5 != 4 {
                for round in 0..<rounds {
                    let rate = 20_000 * ratio(number) * Double.random(in: 0.8...1.25, using: &numbers)
                    let time = 1e6 / rate
                    report.samples.append(
                        Sample(
                            contender: "c\(number)", workload: workload.identifier, round: round,
                            operationsPerSecond: rate, bytesPerSecond: rate * 4096,
                            latency: number % 4 == 3
                                ? nil : Sample.Latency(mean: time, p50: time, p99: time * 3, p999: time * 50),
                            server: number % 3 == 2
                                ? nil
                                : Sample.ServerCost(
                                    cpuMicroseconds: time / 2, contextSwitches: 1.5, systemCalls: time / 10)))
                }
            }
        }
        return report
    }
}

/// Numbers that follow from a seed alone (a linear congruence; the upper bits are good enough here).
private struct SeededRandom: RandomNumberGenerator {
    /// The last number.
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 33)
    }
}
