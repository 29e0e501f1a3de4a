/// Operations on many files, by a driver of our own: a process of this tool.
struct FilesJob: Sendable, Equatable {
    /// What is done with each file.
    enum Operation: String, Sendable, CaseIterable {
        case create
        case stat
        case lookup
        case rename
        case unlink
        case readdir
        case writeSmall = "write-small"
        case readSmall = "read-small"

        /// As tables name it.
        var name: String {
            switch self {
            case .create: "create an empty file"
            case .stat: "stat, asked of the server"
            case .lookup: "look up a name that is not there"
            case .rename: "rename"
            case .unlink: "unlink"
            case .readdir: "list a large directory, entries"
            case .writeSmall: "create a file of 4K"
            case .readSmall: "open and read a file of 4K"
            }
        }
    }

    /// What is done with each file.
    var operation: Operation
    /// Threads at the same time, each in a directory of its own.
    var threads: Int
    /// Files of all threads.
    var files: Int

    /// A word by which samples name it.
    var identifier: String { threads == 1 ? operation.rawValue : "\(operation.rawValue)-x\(threads)" }

    /// As tables name it.
    var name: String { threads == 1 ? operation.name : "\(operation.name), \(threads) threads" }

    /// What the tool is started with, but for the CPUs.
    func arguments(directory: String, step: DriverOptions.Step) -> [String] {
        [
            DriverOptions.command, step.rawValue, "--operation", operation.rawValue, "--directory", directory,
            "--threads", "\(threads)", "--files", "\(max(1, files / threads))",
        ]
    }
}
