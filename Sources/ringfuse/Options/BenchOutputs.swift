import ArgumentParser
import Bench
import Glibc
import SystemPackage

/// Where the results of a benchmark go, beside standard output.
struct BenchOutputs: ParsableArguments, Sendable {
    /// All single results.
    @Option(help: ArgumentHelp("Write every single result there, as JSON.", valueName: "file"))
    var json: String?

    /// Tables.
    @Option(help: ArgumentHelp("Write the tables there, as Markdown.", valueName: "file"))
    var markdown: String?

    /// Charts.
    @Option(help: ArgumentHelp("Write charts there, as SVG.", valueName: "directory"))
    var charts: String?

    /// Refuses places that cannot be written to, before something is measured that would be lost.
    func check() throws {
        for (option, file) in [("--json", json), ("--markdown", markdown)] {
            guard let file else { continue }
            let directory = FilePath(file).absolute.removingLastComponent()
            guard unsafe access(directory.string, W_OK) == 0 else {
                throw ValidationError("\(option) \(file): \(directory) cannot be written to: \(Errno(rawValue: errno))")
            }
        }
        guard let charts else { return }
        guard unsafe mkdir(charts, 0o755) == 0 || errno == EEXIST, unsafe access(charts, W_OK) == 0 else {
            throw ValidationError("--charts \(charts): it cannot be written to: \(Errno(rawValue: errno))")
        }
    }

    /// Prints a report, and writes what was asked for.
    func write(_ report: Report) throws {
        let text = ReportText(report)
        print(text.plain)
        if let json { try write(try report.json(), to: FilePath(json)) }
        if let markdown { try write(text.markdown, to: FilePath(markdown)) }
        guard let charts else { return }
        for chart in Chart.charts(of: report) {
            try write(chart.svg, to: FilePath(charts).appending("\(chart.name).svg"))
        }
    }

    private func write(_ text: String, to path: FilePath) throws {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        } catch {
            throw ValidationError("\(path) cannot be written: \(error)")
        }
    }
}
