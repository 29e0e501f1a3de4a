import ArgumentParser
import RingFUSE
import SystemPackage

/// `ringfuse list`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the mounts of this tool: those whose type starts with fuse.ringfuse."
    )

    /// Whether programs read it.
    @Flag(help: "Print JSON.")
    var json = false

    /// One mount, as it is printed.
    struct Mount: Encodable, Equatable {
        /// Where.
        let mountPoint: String
        /// What `df` shows as the device.
        let source: String
        /// The type of the file system.
        let type: String
        /// The number of the connection below /sys/fs/fuse/connections.
        let connection: UInt32
        /// Requests that wait for the server or are with it; nil where this user may not know.
        let waiting: Int?
        /// Whether nothing can be written.
        let readOnly: Bool

        /// Tells of an entry of the mount table, without a request to its server.
        init(_ entry: MountEntry) {
            mountPoint = entry.mountPoint.string
            source = entry.source
            type = entry.type
            connection = entry.connection
            waiting = (try? FuseControl(connection: entry.connection)).flatMap { try? $0.waiting() }
            readOnly = entry.options.contains("ro") || entry.superOptions.contains("ro")
        }

        /// One line of the table.
        var line: String {
            let requests = waiting.map { "\($0) waiting" } ?? "requests unknown"
            return "\(mountPoint)\t\(source)\t\(type)\t\(readOnly ? "ro" : "rw")\t\(requests)"
        }
    }

    /// Prints them.
    func run() throws {
        let mounts = try MountTable.read().own.map(Mount.init)
        if json { return print(try JSONText.encode(mounts)) }
        for mount in mounts { print(mount.line) }
    }
}
