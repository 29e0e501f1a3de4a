import ArgumentParser
import Glibc
import RingFUSE
import SystemPackage

/// Asks servers for their statistics, once or again and again, and prints them.
struct StatisticsLook: ParsableArguments {
    /// Where it is mounted.
    @Argument(help: "Where it is mounted; default: every mount of this tool.")
    var mountPoint: String?

    /// Whether programs read it.
    @Flag(help: "Print JSON.")
    var json = false

    /// How often to look.
    @Option(help: ArgumentHelp("Look again after so many seconds, until interrupted.", valueName: "seconds"))
    var watch: Int?

    /// Checks ranges.
    func validate() throws {
        if let watch, !(1...86_400).contains(watch) {
            throw ValidationError("--watch \(watch): must be from 1 to 86400")
        }
    }

    /// Asks and tells.
    ///
    /// - Parameters:
    ///   - text: what a person is told of a mount, given what it was at the look before; `nil` leaves it out.
    ///   - object: what a program is told of it; `nil` leaves it out.
    /// - Throws: why the one that is named does not answer; of all, those that do not are left out with a line.
    func run<Object: Encodable>(
        text: (SessionStatistics, _ before: SessionStatistics?) throws -> String?,
        object: (SessionStatistics) throws -> Object?
    ) throws {
        var before: [SessionStatistics] = []
        while true {
            let now = try look()
            try json ? tell(now.compactMap(object)) : tell(now, since: before, text)
            guard let watch else { return }
            before = now
            sleep(UInt32(watch))
        }
    }

    /// The statistics of all mounts that are meant.
    private func look() throws -> [SessionStatistics] {
        if let mountPoint { return [try StatisticsClient.statistics(of: .fuse(at: FilePath(mountPoint)))] }
        return try MountTable.read().own.compactMap { entry in
            do {
                return try StatisticsClient.statistics(of: entry)
            } catch {
                StandardError.write("ringfuse: \(error)")
                return nil
            }
        }
    }

    private func tell<Object: Encodable>(_ objects: [Object]) throws {
        if watch != nil {
            for object in objects { try put(try JSONText.line(object)) }
        } else if mountPoint != nil {
            for object in objects { try put(try JSONText.encode(object)) }
        } else {
            try put(try JSONText.encode(objects))
        }
    }

    private func tell(
        _ all: [SessionStatistics],
        since before: [SessionStatistics],
        _ text: (SessionStatistics, SessionStatistics?) throws -> String?
    ) throws {
        for statistics in all {
            let earlier = before.first {
                $0.processID == statistics.processID && $0.mountPoint == statistics.mountPoint
            }
            if let text = try text(statistics, earlier) { try put(text) }
        }
    }

    /// Not `print`, which would keep it back where the output is a pipe; one that is closed ends the watching.
    private func put(_ text: String) throws {
        _ = try FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
    }
}
