internal import Crypto
internal import FoundationEssentials
internal import SystemPackage

/// Writes the lines of a dump.
final class DumpWriter {
    /// Bytes that are written at once.
    private static let bufferSize = 1 << 18

    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var hash = SHA256()
    private let progress: (UInt64) -> Void
    /// Rows that were written.
    private(set) var rows: UInt64 = 0

    /// A dump into a file, which stays its owner's.
    ///
    /// - Parameter progress: told now and then how many rows there are.
    init(_ file: FileDescriptor, progress: @escaping (UInt64) -> Void) {
        self.file = file
        self.progress = progress
        buffer.reserveCapacity(Self.bufferSize)
    }

    /// Writes the first line.
    func write(_ header: DumpHeader) throws(Errno) { try append(line(header)) }

    /// Writes a row.
    func write(_ row: DumpRow) throws(Errno) {
        try append(row.line)
        rows += 1
        if rows % 1000 == 0 { progress(rows) }
    }

    /// Writes the last line, and all that is not yet written.
    func finish() throws(Errno) {
        flushHash()
        let digits = Hexadecimal.text(of: hash.finalize())
        try append(line(DumpTrailer(rows: rows, sha256: digits)))
        try flush()
    }

    private func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Of numbers and text, which can be written always.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private func append(_ line: String) throws(Errno) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Bytes of the buffer that are in the hash.
    private var hashed = 0

    private func flushHash() {
        hash.update(data: buffer[hashed...])
        hashed = buffer.count
    }

    private func flush() throws(Errno) {
        flushHash()
        do {
            try file.writeAll(buffer)
        } catch {
            throw error as? Errno ?? .ioError
        }
        buffer.removeAll(keepingCapacity: true)
        hashed = 0
    }
}
