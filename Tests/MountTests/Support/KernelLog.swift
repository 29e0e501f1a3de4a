import Glibc
import SystemPackage
import Testing

/// The kernel's log, from a moment on.
final class KernelLog {
    private let file: FileDescriptor

    /// What the kernel logs from now on.
    init() throws {
        let file = try FileDescriptor.open(FilePath("/dev/kmsg"), .readOnly, options: .nonBlocking)
        _ = try file.seek(offset: 0, from: .end)
        self.file = file
    }

    deinit { try? file.close() }

    /// Lines that tell of a mistake of the kernel's, or of a task that waits for ever.
    func complaints() throws -> [String] {
        let signs = ["WARNING:", "BUG:", "Oops", "blocked for more than", "general protection"]
        return try lines().filter { line in signs.contains { line.contains($0) } }
    }

    /// A record for each read; there are at most as many as the kernel's buffer holds.
    private func lines() throws -> [String] {
        var lines: [String] = []
        var record = [UInt8](repeating: 0, count: 8192)
        while true {
            do {
                let count = try unsafe record.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                lines.append(String(decoding: record[..<count], as: UTF8.self))
            } catch Errno.resourceTemporarilyUnavailable {
                return lines
            } catch Errno.brokenPipe {
                // Records were overwritten before they were read; the next read goes on behind them.
                continue
            }
        }
    }
}

/// Runs something during which the kernel must not complain.
@discardableResult
func withQuietKernel<Result>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async throws -> Result {
    let log = try KernelLog()
    let result = try await body()
    let complaints = try log.complaints()
    #expect(complaints.isEmpty, sourceLocation: sourceLocation)
    return result
}
