// A server that walks into a trap, for tests that look at it from outside: it may have to be killed.
//
//     HangServer MOUNTPOINT ring|device TRAP WORKERS
//
// Says "ready" when the mount answers, and how it ended. WORKERS 0 is one for each CPU.

import Foundation
import RingFUSE
import SystemPackage

let arguments = CommandLine.arguments
guard arguments.count == 5, let trap = SelfReferringFileSystem.Trap(rawValue: arguments[3]),
    let transport = SessionConfiguration.Transport(rawValue: arguments[2]), let workers = Int(arguments[4])
else {
    print("usage: HangServer MOUNTPOINT ring|device TRAP WORKERS")
    exit(64)
}

/// Writes a line; `print` would keep it back where the output is a file.
@Sendable func tell(_ line: String) {
    _ = try? FileDescriptor.standardOutput.writeAll("\(line)\n".utf8)
}

let mountPoint = FilePath(arguments[1])
let backend = SelfReferringFileSystem(trap, mountPoint: mountPoint)
var configuration = SessionConfiguration()
configuration.transport = transport
configuration.placement = Placement.Wishes(workers: workers == 0 ? nil : workers)
configuration.stuckAfter = .seconds(1)
let session = Session(backend, at: mountPoint, configuration: configuration)
do {
    try await session.run { _ in
        // The mount is used by this very process: not on a thread that the session waits for.
        Thread.detachNewThread {
            backend.prepare()
            tell("ready")
        }
    }
    tell("ended")
} catch {
    tell("ended: \(error)")
    exit(3)
}
