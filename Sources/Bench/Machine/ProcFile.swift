internal import Glibc
internal import SystemPackage

/// Reads the small files of procfs and sysfs.
enum ProcFile {
    /// The text of a file without white space at its end; nil where it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
        else { return nil }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // A table of mounts has no bound of its own.
        while bytes.count < 16 << 20 {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe (try? file.read(into: $0)) ?? 0 }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// A process and all below it: some servers do their work in a child.
    static func family(of process: Int32) -> [Int32] {
        [process]
            + numbers(in: "/proc/\(process)/task").flatMap { thread in
                (read("/proc/\(process)/task/\(thread)/children") ?? "").split(separator: " ")
                    .compactMap { Int32($0) }.flatMap { family(of: $0) }
            }
    }

    /// The number that a file is.
    static func number(_ path: String) -> Int? {
        read(path).flatMap { Int($0) }
    }

    /// The numbers that entries of a directory are named by, like the threads of a process.
    static func numbers(in directory: String) -> [Int32] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe _ = closedir(stream) }
        var numbers: [Int32] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers
    }
}
