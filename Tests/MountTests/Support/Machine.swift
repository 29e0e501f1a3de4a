import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Whether the tests run as root, as those that mount must.
let isRoot = geteuid() == 0

/// A setting of the kernel, in a file.
struct KernelSetting {
    /// The file.
    let path: FilePath

    /// Whether the kernel lets requests come over io_uring, for mounts made from then on.
    static let ring = KernelSetting(path: "/sys/module/fuse/parameters/enable_uring")

    /// Who may use io_uring: 0 all, 2 nobody.
    static let ringsForbidden = KernelSetting(path: "/proc/sys/kernel/io_uring_disabled")

    /// Whether this kernel has it.
    var exists: Bool { unsafe access(path.string, F_OK) == 0 }

    /// Its value.
    func read() throws -> String {
        String(try text(of: path).prefix { $0 != "\n" })
    }

    /// Sets it.
    func write(_ value: String) throws {
        let file = try FileDescriptor.open(path, .writeOnly)
        _ = try file.closeAfter { try file.writeAll(value.utf8) }
    }

    /// Gives it another value while the body runs.
    ///
    /// The whole machine has it: keep the body short.
    func set<Result>(
        to value: String,
        then restored: String? = nil,
        while body: () async throws -> Result
    ) async throws -> Result {
        let before = try restored ?? read()
        try write(value)
        do {
            let result = try await body()
            try write(before)
            return result
        } catch {
            try write(before)
            throw error
        }
    }
}

/// The ring, as tests need it.
enum RequireRing {
    /// Whether this kernel was built with FUSE-over-io_uring.
    static let kernelHasIt: Bool = {
        // Opening the device loads the module, where it is one, and with it its parameters.
        if let device = try? FileDescriptor.open(FilePath("/dev/fuse"), .readWrite) { try? device.close() }
        return KernelSetting.ring.exists
    }()

    /// Makes sure that a mount made now can have the ring.
    ///
    /// - Throws: a cancellation where the kernel lacks the ring: the test then counts as skipped; a failure where the
    ///   kernel has it and it cannot be switched on.
    static func now() throws {
        guard kernelHasIt else { try Test.cancel("this kernel has no FUSE-over-io_uring") }
        if try KernelSetting.ring.read() != "Y" { try KernelSetting.ring.write("Y") }
        try #require(try KernelSetting.ring.read() == "Y", "the ring could not be switched on")
        let forbidden = try KernelSetting.ringsForbidden.read()
        try #require(forbidden == "0", "io_uring is forbidden here: kernel.io_uring_disabled is \(forbidden)")
    }
}

extension RequireRing {
    /// The version of the kernel that runs: its first two numbers.
    static let release: (Int, Int) = {
        let text = (try? text(of: "/proc/sys/kernel/osrelease")) ?? ""
        let numbers = text.split { $0 == "." || $0 == "-" }.prefix(2).map { Int($0) ?? 0 }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }()
}

/// The threads of this process, by name.
func threadNames() throws -> [String] {
    try directoryEntries("/proc/self/task").compactMap { thread in
        try? String(text(of: FilePath("/proc/self/task/\(thread)/comm")).dropLast())
    }
}

/// A line of a process's status, in KiB.
func kilobytes(_ name: String, of process: pid_t) throws -> Int {
    let status = try text(of: FilePath("/proc/\(process)/status"))
    let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    let value = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    return try #require(value)
}

/// What a file of the kernel's holds: its first 4 KiB.
func text(of path: FilePath) throws -> String {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// What a directory holds, without `.` and `..`.
func directoryEntries(_ path: FilePath) throws -> [String] {
    guard let directory = unsafe opendir(path.string) else { throw Errno(rawValue: errno) }
    defer { unsafe _ = closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
