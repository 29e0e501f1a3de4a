import ArgumentParser
import RingFUSE

/// `ringfuse doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tell what this machine has and lacks for FUSE and its ring, each with the fix.",
        discussion: "Ends with exit code 1 where this user cannot mount at all, otherwise with 0."
    )

    /// Whether programs read it.
    @Flag(help: "Print JSON.")
    var json = false

    /// Looks and tells.
    func run() throws {
        let report = Doctor(facts: .read()).report
        print(json ? try JSONText.encode(report) : report.text)
        if !report.canMount { throw ExitCode(1) }
    }
}
