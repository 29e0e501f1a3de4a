import Foundation
import Glibc
import RingFUSE
import SystemPackage
import Testing

@testable import ringfuse

/// Mounts that the tool serves as a process. They need the right to mount.
@Suite(.serialized) struct ServingTests {
    /// A directory to mount on, cleared and taken away with it.
    private final class Place {
        /// Where it is.
        let path = "/tmp/ringfuse-serving-\(UUID())"

        /// Makes it.
        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }

        deinit {
            try? Mounter.unmount(FilePath(path), lazy: true)
            _ = unsafe rmdir(path)
        }

        /// Whether something is mounted here.
        var isMounted: Bool {
            get throws { try MountTable.read().entry(at: FilePath(path)) != nil }
        }
    }

    @Test func foreground() throws {
        let place = try Place()
        let server = try ToolProcess(["mount", "memory", "--name", "a,b", place.path])
        let report = try server.waitForOutput()
        #expect(report.contains("mounted:   memory on \(place.path)\n"))
        #expect(report.contains("\ntransport: "))
        #expect(try MountTable.read().entry(at: FilePath(place.path))?.source == "a,b")
        try Data("kept".utf8).write(to: URL(fileURLWithPath: "\(place.path)/file"))
        #expect(try String(contentsOfFile: "\(place.path)/file", encoding: .utf8) == "kept")
        let second = try ToolProcess.run("mount", "null", place.path)
        #expect(second.code == 1)
        #expect(second.errors.contains("already a mount point"))
        server.send(SIGTERM)
        #expect(try server.finish().code == 0)
        #expect(try !place.isMounted)
    }

    @Test func daemon() throws {
        let place = try Place()
        let launched = try ToolProcess.run("mount", "null", "--daemon", "--transport", "device", place.path)
        #expect(launched.code == 0)
        #expect(launched.errors.isEmpty)
        #expect(launched.output.contains("transport: /dev/fuse (FUSE 7."))
        #expect(launched.output.hasSuffix("unmount:   \(ToolProcess.url.path) unmount \(place.path)\n"))
        #expect(try place.isMounted)
        #expect(try ToolProcess.run("list", "--json").output.contains("\"\(place.path)\""))
        let unmounted = try ToolProcess.run("unmount", place.path)
        #expect(unmounted.code == 0)
        #expect(try !place.isMounted)
    }

    @Test func mirror() throws {
        let (place, source) = (try Place(), try Place())
        try Data("there".utf8).write(to: URL(fileURLWithPath: "\(source.path)/file"))
        defer { _ = unsafe unlink("\(source.path)/file") }
        let server = try ToolProcess(["mount", "mirror", "--read-only", source.path, place.path])
        _ = try server.waitForOutput()
        #expect(try String(contentsOfFile: "\(place.path)/file", encoding: .utf8) == "there")
        #expect(throws: (any Error).self) {
            try Data("new".utf8).write(to: URL(fileURLWithPath: "\(place.path)/other"))
        }
        server.send(SIGINT)
        #expect(try server.finish().code == 0)
    }

    @Test func secondSignalAborts() throws {
        let place = try Place()
        let server = try ToolProcess(["mount", "memory", place.path])
        _ = try server.waitForOutput()
        // A mount in use outlives the first signal.
        let user = Process()
        user.executableURL = URL(fileURLWithPath: "/bin/sleep")
        user.arguments = ["60"]
        user.currentDirectoryURL = URL(fileURLWithPath: place.path)
        try user.run()
        defer {
            // The signals of a thread of tests may be blocked, and its children inherit that.
            kill(user.processIdentifier, SIGKILL)
            user.waitUntilExit()
        }
        server.send(SIGTERM)
        let end = Date().addingTimeInterval(10)
        while try place.isMounted, Date() < end { usleep(10_000) }
        #expect(try !place.isMounted, "it was to be detached")
        server.send(SIGTERM)
        let outcome = try server.finish()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("the connection was aborted by a second signal"))
    }

    @Test func crash() throws {
        let place = try Place()
        let server = try ToolProcess(["mount", "null", place.path])
        _ = try server.waitForOutput()
        server.send(SIGKILL)
        #expect(try server.finish().code == -SIGKILL)
        let again = try ToolProcess.run("mount", "null", place.path)
        #expect(again.code == 1)
        #expect(again.errors.contains("whose server is gone"), "\(again.errors)")
        #expect(try ToolProcess.run("unmount", place.path).code == 0)
        #expect(try !place.isMounted)
    }

    @Test func abort() throws {
        let place = try Place()
        let server = try ToolProcess(["mount", "null", place.path])
        _ = try server.waitForOutput()
        #expect(try ToolProcess.run("abort", place.path).code == 0)
        _ = try server.finish()
        #expect(throws: (any Error).self) { try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/x") }
    }

    @Test func tellsTheServiceManager() throws {
        let place = try Place()
        let name = "/tmp/ringfuse-serving-notify-\(getpid())"
        let listener = try NotifyListener(name)
        defer { _ = unsafe unlink(name) }
        let server = try ToolProcess(["mount", "null", place.path], environment: ["NOTIFY_SOCKET": name])
        _ = try server.waitForOutput()
        #expect(listener.next() == "READY=1\nSTATUS=null on \(place.path)")
        server.send(SIGTERM)
        #expect(try server.finish().code == 0)
        #expect(listener.next() == "STOPPING=1")
    }

    @Test func logFile() throws {
        let place = try Place()
        let log = "\(place.path).log"
        defer { _ = unsafe unlink(log) }
        let server = try ToolProcess(["mount", "null", "--log-file", log, place.path])
        _ = try server.waitForOutput()
        server.send(SIGTERM)
        let outcome = try server.finish()
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("unmounting \(place.path)"))
    }
}
