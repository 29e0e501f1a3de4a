import SystemPackage

/// Reads small files of procfs, sysfs and /etc.
enum TextFile {
    /// The most bytes that are read: no file read here is larger, and what is is no setting.
    private static let limit = 1 << 20

    /// The text of a file without white space at its end; nil where it cannot be read.
    static func read(_ path: FilePath) -> String? {
        // Without O_NONBLOCK a FIFO in the place of a setting would be waited for.
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
            return nil
        }
        defer { try? file.close() }
        var text = read(file)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// What a descriptor gives until its end.
    static func read(_ file: FileDescriptor) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe (try? file.read(into: $0)) ?? 0 }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
