import ArgumentParser
import Bench

/// `ringfuse bench-driver`, which `ringfuse bench` starts: a process that can be given up where a mount hangs.
struct BenchDriverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: DriverOptions.command,
        abstract: "Prepare or drive one workload; for ringfuse bench.",
        shouldDisplay: false
    )

    /// What is to be done.
    @Argument(help: "What is to be done.", transform: { try CoreOptions.choice($0) })
    var step: DriverOptions.Step

    /// Where.
    @Option(help: "An existing directory.")
    var directory: String

    /// What is done with each file.
    @Option(help: "What is done with each file.")
    var operation = ""

    /// How many at the same time.
    @Option(help: "Threads, or files of fio.")
    var threads = 1

    /// How many files.
    @Option(help: "Files of each thread.")
    var files = 1

    /// How large files of fio are.
    @Option(help: "Bytes of each file of fio.")
    var bytes = 0

    /// Where threads run.
    @Option(
        help: "The CPUs of threads, in turn.", transform: { try $0.split(separator: ",").map(BenchDriverCommand.cpu) })
    var cpus: [Int] = []

    /// Checks ranges.
    func validate() throws {
        guard (1...256).contains(threads), (1...Int(Int32.max)).contains(files), bytes >= 0 else {
            throw ValidationError("there is nothing to be done")
        }
    }

    /// Does it.
    func run() throws {
        let driver = Driver(
            step: step, directory: directory, operation: operation, threads: threads, files: files, bytes: bytes,
            cpus: cpus)
        print(try driver.run())
    }

    @Sendable private static func cpu(_ word: Substring) throws -> Int {
        guard let number = Int(word), (0..<8192).contains(number) else { throw InvalidValue("not a CPU") }
        return number
    }
}
