import ArgumentParser
import Foundation
import SystemPackage
import Testing

@testable import ringfuse

/// The tool as its users call it.
@Suite struct CommandLineTests {
    /// Arguments that are refused, and what the line must name.
    static let refused: [(arguments: [String], word: String)] = [
        (["frobnicate"], "frobnicate"),
        (["--bogus"], "--bogus"),
        (["mount", "memory"], "mount-point"),
        (["mount", "memory", ""], "mount point"),
        (["mount", "memory", "/tmp", "extra"], "extra"),
        (["mount", "memory", "--bogus", "/tmp"], "--bogus"),
        (["mount", "memory", "--size", "1X", "/tmp"], "--size"),
        (["mount", "memory", "--nodes", "0", "/tmp"], "--nodes"),
        (["mount", "memory", "--locks", "nobody", "/tmp"], "--locks"),
        (["mount", "null", "--memory", "lots", "/tmp"], "--memory"),
        (["mount", "null", "--poll", "5", "/tmp"], "--poll"),
        (["mount", "null", "--poll", "1h", "/tmp"], "--poll"),
        (["mount", "null", "--cpus", "3-1", "/tmp"], "--cpus"),
        (["mount", "null", "--cpus", "", "/tmp"], "--cpus"),
        (["mount", "null", "--cpus", "8191", "/tmp"], "8191"),
        (["mount", "null", "--depth", "0", "/tmp"], "--depth"),
        (["mount", "null", "--depth", "many", "/tmp"], "--depth"),
        (["mount", "null", "--workers", "0", "/tmp"], "--workers"),
        (["mount", "null", "--workers", "2", "--single", "/tmp"], "--single"),
        (["mount", "null", "--pin", "tight", "/tmp"], "--pin"),
        (["mount", "null", "--transport", "pigeon", "/tmp"], "auto, ring, device"),
        (["mount", "null", "--max-write", "1K", "/tmp"], "--max-write"),
        (["mount", "null", "--max-background", "0", "/tmp"], "--max-background"),
        (["mount", "null", "--request-timeout", "70000", "/tmp"], "--request-timeout"),
        (["mount", "null", "--direct-io", "--keep-cache", "/tmp"], "--direct-io and --keep-cache exclude each other"),
        (["mount", "null", "--direct-io", "--writeback-cache", "/tmp"], "--writeback-cache exclude each other"),
        (["mount", "null", "--direct-io", "--passthrough", "/tmp"], "--passthrough exclude each other"),
        (["mount", "mirror", "/usr", "--passthrough", "--writeback-cache", "/tmp"], "only one at a time"),
        (["mount", "memory", "--cache-timeout", "soon", "/tmp"], "--cache-timeout"),
        (["mount", "mirror", "/usr", "--cache-timeout", "-1", "/tmp"], "--cache-timeout"),
        (["store", "mount", "/tmp/v.db", "/tmp", "--consistency", "eventual"], "close-to-open"),
        (["store", "mount", "v.db", "/tmp", "--consistency", "strict", "--cache-timeout", "1"], "give one of them"),
        (["mount", "null", "--dirty-ratio", "0", "/tmp"], "--dirty-ratio"),
        (["mount", "null", "--dirty-ratio", "101", "/tmp"], "--dirty-ratio"),
        (["mount", "null", "--log-level", "loud", "/tmp"], "--log-level"),
        (["mount", "null", "--log-file", "/no/such/dir/log", "/tmp"], "--log-file"),
        (["mount", "null", "-o", "sparkle", "/tmp"], "sparkle"),
        (["mount", "null", "-o", "max_read=1", "/tmp"], "max_read"),
        (["mount", "null", "--subtype", "a b", "/tmp"], "subtype"),
        (["mount", "mirror", "/tmp"], "mount-point"),
        (["mount", "mirror", "/no/such/source", "/tmp"], "/no/such/source"),
        (["mount", "mirror", "/etc/passwd", "/tmp"], "not a directory"),
        (["mount", "null", "--stuck-after", "-1", "/tmp"], "--stuck-after"),
        (["stats", "--watch", "0"], "--watch"),
        (["unmount"], "mount-point"),
        (["doctor", "--yaml"], "--yaml"),
    ]

    @Test(arguments: refused.indices)
    func badArguments(index: Int) throws {
        let (arguments, word) = Self.refused[index]
        let result = try ToolProcess.run(arguments)
        #expect(result.code == 64)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("ringfuse: ") && result.errors.contains(word), "\(result.errors)")
    }

    @Test func refusesToMountAMirrorInsideItsSource() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "ringfuse-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let inside = root.appending(path: "source/inside")
        try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: root.appending(path: "beside"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(at: root.appending(path: "link"), withDestinationURL: inside)
        let path = FilePath(root.path)
        let source = path.appending("source")
        for refused in [source.appending("inside"), path.appending("link"), path.appending("beside/../link")] {
            #expect(throws: ValidationError.self, "\(refused)") {
                try MountMirrorCommand.refuse(refused, inside: source)
            }
        }
        for taken in [source, path, path.appending("beside"), source.appending("missing")] {
            try MountMirrorCommand.refuse(taken, inside: source)
        }
    }

    @Test func badArgumentsOfADaemon() throws {
        // The server finds it, the launcher says it.
        let result = try ToolProcess.run("mount", "null", "--daemon", "--cpus", "8191", "/tmp")
        #expect(result.code == 64)
        #expect(result.errors.hasPrefix("ringfuse: --cpus: this machine has no CPU 8191"), "\(result.errors)")
    }

    @Test(arguments: [
        ["mount", "null", "/no/such/mount/point"], ["mount", "null", "--daemon", "/no/such/mount/point"],
        ["mount", "null", "/etc/passwd"], ["mount", "null", "/proc"], ["unmount", "/usr"], ["unmount", "/no/such"],
        ["unmount", "/proc"], ["abort", "/usr"], ["abort", "/proc"],
        ["stats", "/usr"], ["stats", "/proc"], ["stats", "/no/such"],
    ])
    func badMountPoint(arguments: [String]) throws {
        let result = try ToolProcess.run(arguments)
        #expect(result.code == 1)
        #expect(result.output.isEmpty)
        let path = try #require(arguments.last)
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("ringfuse: \(path): "), "\(result.errors)")
    }

    @Test func helpOfEachCommand() throws {
        let root = try ToolProcess.run("--help")
        #expect(root.code == 0)
        for command in ["mount", "unmount", "abort", "list", "stats", "doctor"] {
            #expect(root.output.contains("\n  \(command)"), "\(root.output)")
            #expect(try ToolProcess.run(command, "--help").code == 0)
        }
        let memory = try ToolProcess.run("mount", "memory", "--help").output
        let options = [
            "-o ", "--allow-other", "--read-only", "--name", "--subtype", "--daemon", "--log-file", "--log-level",
            "--transport", "--depth", "--memory", "--cpus", "--workers", "--pin", "--poll", "--single", "--max-write",
            "--max-background", "--request-timeout", "--stuck-after", "--size", "--nodes", "--locks",
        ]
        for option in options { #expect(memory.contains("  \(option)"), "\(option)") }
        let mirror = try ToolProcess.run("mount", "mirror", "--help").output
        #expect(mirror.contains("<source> <mount-point>"))
    }

    @Test func version() throws {
        let result = try ToolProcess.run("--version")
        #expect(result.code == 0)
        #expect(result.output == "ringfuse \(Version.text)\n")
    }

    @Test func doctorJSON() throws {
        let result = try ToolProcess.run("doctor", "--json")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        let report = try #require(object)
        let canMount = try #require(report["canMount"] as? Bool)
        #expect(result.code == (canMount ? 0 : 1))
        let conclusion = try #require(report["conclusion"] as? String)
        #expect((report["ring"] as? Bool) == (conclusion == "ring: available"))
        let findings = try #require(report["findings"] as? [[String: Any]])
        #expect(findings.contains { $0["id"] as? String == "kernel" })
        #expect(findings.allSatisfy { ["ok", "warn", "fail"].contains($0["level"] as? String) })
    }

    @Test func doctorTextEndsWithItsConclusion() throws {
        let lines = try ToolProcess.run("doctor").output.split(separator: "\n")
        #expect(lines.count > 10)
        let last = try #require(lines.last)
        #expect(last.hasPrefix("ring: ") || last.hasPrefix("mounting: not possible"))
    }

    @Test func listJSON() throws {
        let result = try ToolProcess.run("list", "--json")
        #expect(result.code == 0)
        #expect(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) is [Any])
    }
}
