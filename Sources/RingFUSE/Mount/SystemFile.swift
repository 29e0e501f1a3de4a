internal import Glibc
internal import SystemPackage

/// Reads and writes the small files of procfs and sysfs.
enum SystemFile {
    /// No file read here is larger: mountinfo of a machine with a hundred thousand mounts fits.
    private static let sizeLimit = 64 << 20

    /// The bytes of a file.
    ///
    /// Read to its end, because the kernel gives files of procfs and sysfs a size of 0 or 4096, whatever is in them.
    static func bytes(of path: FilePath) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            defer { try? file.close() }
            return try bytes(from: file)
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// Everything a descriptor has to give until its end.
    static func bytes(from file: FileDescriptor) throws(Errno) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        do {
            while result.count < sizeLimit {
                let count = try unsafe chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                if count == 0 { return result }
                result.append(contentsOf: chunk[..<count])
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
        throw .fileTooLarge
    }

    /// The text of a file without white space at either end, or nil where it cannot be read.
    static func text(of path: FilePath) -> String? {
        guard let bytes = try? bytes(of: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmed
    }

    /// Writes a setting in one call, as sysfs wants it.
    static func write(_ text: String, to path: FilePath) throws(Errno) {
        do {
            let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
            defer { try? file.close() }
            try file.writeAll(text.utf8)
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// Whether there is something at a path.
    static func exists(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
    }
}
