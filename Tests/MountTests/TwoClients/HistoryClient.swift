import Foundation
import Glibc
import SystemPackage

/// Does the steps of one client below a directory, with system calls. On one thread; the calls may block.
struct HistoryClient {
    /// What a call gave.
    struct Outcome: Equatable, CustomStringConvertible {
        /// 0 where it succeeded.
        var error: Int32 = 0
        /// What it told.
        var text = ""

        var description: String {
            error == 0 ? (text.isEmpty ? "done" : text) : unsafe String(cString: strerror(error))
        }
    }

    /// The directory.
    let root: String
    /// Open files by slot.
    private(set) var files: [Int: Int32] = [:]

    /// A client without open files.
    init(root: String) { self.root = root }

    private func at(_ path: String) -> String { "\(root)/\(path)" }

    /// Does a step; those that are done to the surroundings are not for this.
    mutating func perform(_ action: HistoryStep.Action) -> Outcome {
        switch action {
        case .open(let slot, let path, let flags):
            let file = unsafe Glibc.open(at(path), flags | O_CLOEXEC, 0o644)
            if file >= 0 { files[slot] = file }
            return outcome(file < 0 ? -1 : 0)
        case .close(let slot): return files.removeValue(forKey: slot).map { outcome(Glibc.close($0)) } ?? Self.noFile
        case .write(let slot, let offset, let count, let seed):
            return files[slot].map { write($0, offset, count, seed) } ?? Self.noFile
        case .read(let slot, let offset, let count): return files[slot].map { read($0, offset, count) } ?? Self.noFile
        case .cut(let slot, let size): return files[slot].map { outcome(ftruncate($0, size)) } ?? Self.noFile
        case .synchronize(let slot): return files[slot].map { outcome(fsync($0)) } ?? Self.noFile
        case .truncate(let path, let size): return outcome(unsafe Glibc.truncate(at(path), size))
        case .rename(let from, let to): return outcome(unsafe Glibc.rename(at(from), at(to)))
        case .link(let from, let to): return outcome(unsafe Glibc.link(at(from), at(to)))
        case .remove(let path): return outcome(unsafe unlink(at(path)))
        case .makeDirectory(let path): return outcome(unsafe mkdir(at(path), 0o755))
        case .removeDirectory(let path): return outcome(unsafe rmdir(at(path)))
        case .look(let path): return look(path)
        case .list(let path): return list(path)
        case .breakConnections, .disturb, .outage, .calm: return Outcome()
        }
    }

    private static let noFile = Outcome(text: "no file")

    private func outcome(_ result: Int32, _ text: String = "") -> Outcome {
        result < 0 ? Outcome(error: errno) : Outcome(text: text)
    }

    private func write(_ file: Int32, _ offset: Int, _ count: Int, _ seed: UInt8) -> Outcome {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) &+ seed }
        let written = unsafe pwrite(file, bytes, count, offset)
        return written < 0 ? Outcome(error: errno) : Outcome(text: "\(written) bytes")
    }

    private func read(_ file: Int32, _ offset: Int, _ count: Int) -> Outcome {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe pread(file, &bytes, count, offset)
        return got < 0 ? Outcome(error: errno) : Outcome(text: Self.summary(bytes[..<got]))
    }

    private func list(_ path: String) -> Outcome {
        do {
            return Outcome(text: try directoryEntries(FilePath(at(path))).sorted().joined(separator: " "))
        } catch {
            return Outcome(error: (error as? Errno)?.rawValue ?? EIO)
        }
    }

    /// Type, links and permissions; the size of a file.
    private func look(_ path: String) -> Outcome {
        var status = stat()
        guard unsafe lstat(at(path), &status) == 0 else { return Outcome(error: errno) }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        let size = isDirectory ? "" : ", \(status.st_size) bytes"
        return Outcome(text: "\(String(status.st_mode, radix: 8)), \(status.st_nlink) links\(size)")
    }

    /// Bytes in few words.
    private static func summary(_ bytes: ArraySlice<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return "\(bytes.count) bytes, \(String(hash, radix: 16))"
    }

    // MARK: The whole tree

    /// All that there is below the root, a line for each name; a line that says so for what cannot be read.
    func picture() -> [String] {
        var lines: [String] = []
        walk("", into: &lines)
        return lines
    }

    private func walk(_ directory: String, into lines: inout [String]) {
        let names: [String]
        do {
            names = try directoryEntries(FilePath(at(directory))).sorted()
        } catch {
            return lines.append("\(directory): cannot be listed: \(error)")
        }
        for name in names {
            let path = directory.isEmpty ? name : "\(directory)/\(name)"
            var status = stat()
            _ = unsafe lstat(at(path), &status)
            if status.st_mode & S_IFMT == S_IFDIR {
                lines.append("\(path): \(look(path))")
                walk(path, into: &lines)
            } else {
                lines.append("\(path): \(look(path)): \(content(of: path))")
            }
        }
    }

    private func content(of path: String) -> String {
        let file = unsafe Glibc.open(at(path), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "\(Outcome(error: errno))" }
        defer { Glibc.close(file) }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe Glibc.read(file, &piece, piece.count)
            if count < 0 { return "\(Outcome(error: errno))" }
            if count == 0 { return Self.summary(all[...]) }
            all += piece[..<count]
        }
    }
}
