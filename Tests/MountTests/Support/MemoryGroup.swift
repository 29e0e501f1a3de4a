import Glibc
import SystemPackage
import Testing

/// A cgroup that limits memory, in whichever of the two hierarchies has the controller; gone with `remove()`.
struct MemoryGroup: Sendable {
    /// Where it is.
    let path: FilePath
    private let isUnified: Bool

    /// Makes one.
    ///
    /// - Parameters:
    ///   - name: unique on the machine.
    ///   - megabytes: its limit in MiB.
    init(_ name: String, megabytes: Int) throws {
        let controllers = (try? text(of: "/sys/fs/cgroup/cgroup.controllers")) ?? ""
        isUnified = controllers.contains("memory")
        if isUnified { try Self.write("+memory", to: "/sys/fs/cgroup/cgroup.subtree_control") }
        let root: FilePath = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
        path = root.appending("ringfuse-tests-\(getpid())-\(name)")
        let result = unsafe mkdir(path.string, 0o755)
        try #require(result == 0, "no cgroup with the memory controller can be made below \(root)")
        let file = isUnified ? "memory.max" : "memory.limit_in_bytes"
        try Self.write("\(megabytes << 20)", to: path.appending(file))
    }

    /// What starts a program in it.
    var launcher: [String] { ["/bin/bash", "-c", "echo $$ > '\(path)/cgroup.procs'; exec \"$@\"", "bash"] }

    /// How many processes in it were killed for want of memory.
    var kills: Int {
        get throws {
            let text = try text(of: path.appending(isUnified ? "memory.events" : "memory.oom_control"))
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return try #require(line.flatMap { Int($0.dropFirst("oom_kill ".count)) }, "\(text)")
        }
    }

    /// How often it was full, and something had to go before more could come.
    var fillings: Int {
        get throws {
            if !isUnified { return try #require(Int(text(of: path.appending("memory.failcnt")).dropLast())) }
            let line = try text(of: path.appending("memory.events")).split(separator: "\n").first {
                $0.hasPrefix("max ")
            }
            return try #require(line.flatMap { Int($0.dropFirst("max ".count)) })
        }
    }

    /// Removes it; the kernel lets it go once its last process has been reaped.
    func remove() async {
        try? await eventually("the cgroup \(path) to be empty") { unsafe rmdir(path.string) == 0 || errno == ENOENT }
    }

    private static func write(_ value: String, to path: FilePath) throws {
        try KernelSetting(path: path).write(value)
    }
}

/// Makes two cgroups, and removes them however the body ends.
func withMemoryGroups(
    server: Int,
    writer: Int,
    _ body: (_ server: MemoryGroup, _ writer: MemoryGroup) async throws -> Void
) async throws {
    let servers = try MemoryGroup("server", megabytes: server)
    do {
        let writers = try MemoryGroup("writer", megabytes: writer)
        do {
            try await body(servers, writers)
            await writers.remove()
        } catch {
            await writers.remove()
            throw error
        }
        await servers.remove()
    } catch {
        await servers.remove()
        throw error
    }
}
