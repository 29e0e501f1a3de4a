import Foundation

/// A release build of the tool that serves a null file system, with the counter preloaded.
final class ServerUnderTest {
    /// What serving threads have done so far.
    struct Counts {
        var allocations: UInt64
        var retains: UInt64
        var locks: UInt64
    }

    /// Where it is mounted.
    let mountPoint: URL
    private let folder: URL
    private let counterFile: URL
    private let process: Process

    /// The server's process.
    var identifier: Int32 { process.processIdentifier }

    /// A file of 1 GiB on the mount.
    var file: URL { mountPoint.appending(path: "file") }

    /// Starts a server and waits until its mount answers.
    init(transport: String, flags: [String] = []) throws {
        folder = URL(filePath: NSTemporaryDirectory()).appending(path: "ringfuse-hot-path-\(UUID().uuidString)")
        mountPoint = folder.appending(path: "mount")
        counterFile = folder.appending(path: "counts")
        try FileManager.default.createDirectory(at: mountPoint, withIntermediateDirectories: true)
        try Data(count: 24).write(to: counterFile)
        let library = folder.appending(path: "counter.so")
        try Command.run(
            "cc", "-O2", "-shared", "-fPIC", "-o", library.path, Self.interposer.path, "-ldl")
        process = Process()
        process.executableURL = try Self.releaseBinary()
        process.arguments = ["mount", "null", mountPoint.path, "--transport", transport] + flags
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["LD_PRELOAD": library.path, "HOT_PATH_COUNTER": counterFile.path]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.runWithSignals()
        try waitForMount()
        try Command.run("truncate", "-s", "1G", file.path)
    }

    /// Ends it; the mount goes with it.
    func stop() {
        process.terminate()
        process.waitUntilExit()
        _ = try? Command.run("umount", "-l", mountPoint.path)
        try? FileManager.default.removeItem(at: folder)
    }

    /// What serving threads have done so far.
    func counts() throws -> Counts {
        let data = try Data(contentsOf: counterFile)
        let values = (0..<3).map { index in
            data[index * 8..<index * 8 + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return Counts(allocations: values[0], retains: values[1], locks: values[2])
    }

    /// Reads 4 KiB blocks at random, past the page cache.
    ///
    /// - Parameter depth: how many at a time; 1 is one after the other.
    func read(blocks: Int, depth: Int) throws {
        try Command.run(
            "fio", "--name=hot", "--filename=\(file.path)", "--direct=1", "--rw=randread", "--bs=4k", "--size=1G",
            "--ioengine=\(depth == 1 ? "psync" : "libaio")", "--iodepth=\(depth)", "--number_ios=\(blocks)",
            "--norandommap", "--cpus_allowed=0")
    }

    private func waitForMount() throws {
        let deadline = Date.now.addingTimeInterval(20)
        while Date.now < deadline {
            let table = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            // It answers once a program gets something out of it.
            if table.contains(" \(mountPoint.path) "), (try? Command.run("stat", "-f", mountPoint.path)) != nil {
                return
            }
            guard process.isRunning else { throw Failure("the server ended with \(process.terminationStatus)") }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw Failure("no mount at \(mountPoint.path) after 20 s")
    }

    private static var package: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    private static var interposer: URL {
        package.appending(path: "Tests/HotPathTests/Interposer/hot_path_counter.c")
    }

    /// Debug builds allocate where release builds do not: what is counted is what users run.
    private static func releaseBinary() throws -> URL {
        let binary = package.appending(path: ".build/release/ringfuse")
        guard FileManager.default.isExecutableFile(atPath: binary.path) else {
            throw Failure("no release build: run swift build -c release --product ringfuse, or tools/test")
        }
        return binary
    }
}

/// What keeps a test from being carried out.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Programs that the tests use.
enum Command {
    /// Runs a program to its end; its failure is the caller's.
    ///
    /// - Returns: what it wrote to standard output and standard error.
    @discardableResult
    static func run(_ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure("\(arguments.joined(separator: " ")) ended with \(process.terminationStatus): \(text)")
        }
        return text
    }
}

extension Process {
    /// Starts the program with no signal blocked.
    ///
    /// A child inherits the mask of the thread that starts it, and threads of Dispatch, on which tests run, block all
    /// that a test would end it with.
    func runWithSignals() throws {
        var none = sigset_t()
        var old = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &old, nil) }
        try run()
    }
}
