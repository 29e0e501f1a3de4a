import Glibc
import RingFUSE
import SystemPackage
import Testing

/// A process that serves a file system which waits for itself; see Tests/HangServer.
struct HangServerProcess {
    /// The traps, by the names that the program knows.
    enum Trap: String, Sendable, CaseIterable {
        case poolUnlink = "pool-unlink"
        case workerUnlink = "worker-unlink"
        case workerStat = "worker-stat"
        case mapped

        /// What walks into it.
        var command: String {
            switch self {
            case .poolUnlink, .workerUnlink: "rm"
            case .workerStat: "stat"
            case .mapped: "cat"
            }
        }

        /// Whether it takes the worker of the caller's CPU with it, on the ring.
        var blocksWorker: Bool { self != .poolUnlink }
    }

    let scratch: Scratch
    /// The server.
    let process: ChildProcess
    /// The program in the trap.
    let victim: ChildProcess

    /// Starts the server, has other programs use it once, and sends a victim from CPU 0 into the trap.
    static func start(_ trap: Trap, by way: Way, scratch: Scratch) async throws -> HangServerProcess {
        if way == .ring { try RequireRing.now() }
        let program = ServerProcess.tool.removingLastComponent().appending("HangServer").string
        let path = scratch.mountPoint
        // One worker that waits for another is served by that other, where requests come by the device.
        let workers = way == .device && trap == .workerStat ? "1" : "0"
        let process = try await ChildProcess.start(
            [program, path.string, way.rawValue, trap.rawValue, workers], limit: .seconds(120))
        try await process.wrote("ready")
        // From now on the name is known: looking it up again needs no lock of the directory, which a victim may hold.
        try await Program.check(script: "cat quick > $OUT/quick", scratch: scratch, in: path)
        let victim = try await ChildProcess.start(
            ["taskset", "-c", "0", trap.command, path.appending("trigger").string], limit: .seconds(120))
        // What the watchdog says shows that it is in the trap.
        try await process.wrote(trap.blocksWorker ? "is blocked in" : "unanswered for")
        return HangServerProcess(scratch: scratch, process: process, victim: victim)
    }

    /// Other programs are served.
    func servesOthers(on cpu: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let ending = try await Program.run(
            "taskset", "-c", "\(cpu)", "cat", scratch.mountPoint.appending("quick").string, limit: .seconds(20))
        #expect(ending.isSuccess && ending.text.utf8.count == 4096, "\(ending.text)", sourceLocation: sourceLocation)
    }

    /// Aborts as a user does.
    func abort(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let ending = try await Program.run(
            ServerProcess.tool.string, "abort", scratch.mountPoint.string, limit: .seconds(40))
        #expect(ending.isSuccess, "\(ending.text)", sourceLocation: sourceLocation)
    }
}
