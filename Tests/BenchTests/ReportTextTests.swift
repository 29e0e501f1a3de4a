import Testing

@testable import Bench

/// The whole of a small report in Markdown.
@Test func markdownOfASmallReport() {
    #expect(
        ReportText(SmallReport.report).markdown == """
            # Benchmark of 2026-11-26T10:00:00Z

            * **kernel**: Linux 6.18

            ## Contenders

            * **RingFUSE, ring**: `ringfuse mount 'a b'`
            * **ext4 (baseline)**: a file system of the kernel

            Medians of 3 rounds; × is the median of the ratios to **ext4**, round by round. –: not measured. With fewer \
            than six rounds, 95 % intervals are narrower than they should be.

            ## Direct I/O

            |  | 4K read (IOPS) | 1M write |
            |---|--:|--:|
            | RingFUSE, ring | 20.0k, **×2.00** | 1.00 GB/s |
            | ext4 (baseline) | 10.0k | – |

            ### Spread: lowest to highest, and 95 % interval of the ratio

            |  | 4K read (IOPS) | 1M write |
            |---|--:|--:|
            | RingFUSE, ring | 18.0k–33.0k, ×2.00–3.00 | 900 MB/s–1.65 GB/s |
            | ext4 (baseline) | 9.00k–11.0k | – |

            ### Latency: p50 / p99 / p99.9, in µs unless said otherwise

            |  | 4K read | 1M write |
            |---|--:|--:|
            | RingFUSE, ring | 48.0 / 120 / 1.50 ms | – |

            ### Server, for each operation: CPU in µs / context switches / system calls

            |  | 4K read | 1M write |
            |---|--:|--:|
            | RingFUSE, ring | 8.50 / 1.00 / – | – |

            ## Left out

            * **system calls**: nothing counts them

            """)
}

/// The whole of a small report for a terminal.
@Test func plainTextOfASmallReport() {
    #expect(
        ReportText(SmallReport.report).plain == """
            Benchmark of 2026-11-26T10:00:00Z
            kernel: Linux 6.18

            Medians of 3 rounds; ratios to ext4, round by round, with their 95 % interval (where there are fewer than three pairs:
              their number). Latencies in µs unless said otherwise; CPU (µs), context switches and system calls of the server for
              each operation. With fewer than six rounds, 95 % intervals are narrower than they should be.

            == Direct I/O ==

            4K read (IOPS)
                               median  lowest–highest  ratio   interval   p50  p99    p99.9   CPU  switches
              RingFUSE, ring    20.0k     18.0k–33.0k  ×2.00  2.00–3.00  48.0  120  1.50 ms  8.50      1.00
              ext4 (baseline)   10.0k     9.00k–11.0k

            1M write
                                 median      lowest–highest
              RingFUSE, ring  1.00 GB/s  900 MB/s–1.65 GB/s

            Left out
            * system calls: nothing counts them

            """)
}

/// Fewer than three pairs have no interval, and both texts say so.
@Test func fewPairsAreSaid() {
    var report = SmallReport.report
    report.samples.removeAll { $0.round == 2 }
    let text = ReportText(report)
    #expect(text.markdown.contains("| RingFUSE, ring | 20.0k–33.0k, no interval (2 pairs) |"))
    #expect(text.plain.contains("×2.50       (2)"))
}

/// With six rounds there is nothing to warn of, and without the baseline there is no ratio to tell.
@Test func legendSaysWhatIsTold() {
    let report = SmallReport.report
    #expect(!ReportText(report.merged(with: report)).markdown.contains("fewer than six"))
    var alone = report
    alone.samples.removeAll { $0.contender == "ext4" }
    #expect(ReportText(alone).markdown.contains("\nMedians of 3 rounds. –: not measured.\n"))
    #expect(!ReportText(alone).markdown.contains("×"))
}

/// A report of nothing is told as well.
@Test func emptyReportIsTold() {
    let report = Report(date: "d", facts: [], contenders: [], workloads: [], baseline: "")
    #expect(ReportText(report).markdown == "# Benchmark of d\n\nMedians of no round. –: not measured.\n")
    #expect(ReportText(report).plain.hasPrefix("Benchmark of d\n\nMedians of no round."))
    var measured = SmallReport.report
    measured.samples = []
    #expect(ReportText(measured).markdown.contains("## Direct I/O\n\nNothing was measured.\n"))
    #expect(ReportText(measured).plain.contains("\nNothing was measured.\n"))
}

/// Whatever names hold, a row of a table keeps its cells, and no mark-up or control character comes through.
@Test(arguments: [1, 2, 12])
func markdownBearsAnyName(contenders: Int) {
    let text = ReportText(SmallReport.wild(contenders: contenders) { 1 + Double($0) }).markdown
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") || $0.hasPrefix("|--") }
    #expect(rows.count >= 3 * (contenders + 2))
    for row in rows {
        let bars = row.indices.filter { row[$0] == "|" && ($0 == row.startIndex || row[row.index(before: $0)] != "\\") }
        // Eight workloads a group, the name, and one bar more than cells.
        #expect(bars.count == 10, "\(row)")
        #expect(!row.contains("<script"))
    }
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
}

/// Lines for a terminal stay within 120 columns where the words allow it, and move no cursor.
@Test(arguments: [1, 2, 12])
func plainTextFitsATerminal(contenders: Int) {
    let report = SmallReport.wild(contenders: contenders) { $0 % 2 == 0 ? 50 : 0.02 }
    let text = ReportText(report).plain
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    let tables = text.split(separator: "\n").filter { $0.hasPrefix("  ") && ($0.contains("×") || $0.contains("k  ")) }
    #expect(tables.count >= contenders)
    for line in tables { #expect(TextColumns.count(String(line)) <= 120, "\(line)") }
}
