internal import Crypto
internal import FoundationEssentials
internal import SystemPackage

/// Reads the lines of a dump, which anybody may have made: each is checked before it counts.
final class DumpReader {
    /// What it was read for.
    enum Line {
        case row(DumpRow)
        case end
    }

    /// Bytes of a line at the most: the layout of the largest object in the smallest blocks is a quarter of it.
    private static let longestLine = 1 << 20

    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var start = 0
    private var hash = SHA256()
    private var lines = 0
    /// Rows that were read.
    private(set) var rows: UInt64 = 0

    /// A dump in a file, which stays its owner's.
    init(_ file: FileDescriptor) { self.file = file }

    /// Reads the first line.
    ///
    /// - Throws: ``VolumeError/unloadable(_:)``.
    func header() throws(VolumeError) -> DumpHeader {
        guard let line = try line(), let header = try? JSONDecoder().decode(DumpHeader.self, from: Data(line)) else {
            throw .unloadable("it is no dump of a volume")
        }
        guard header.dump <= DumpHeader.version else {
            throw .unloadable("its format is \(header.dump), and this program knows up to \(DumpHeader.version)")
        }
        guard header.volume.isSound else { throw .unloadable("no volume can have been formatted as it says") }
        hash.update(data: line + [UInt8(ascii: "\n")])
        return header
    }

    /// Reads a row, or the end.
    ///
    /// - Throws: ``VolumeError/unloadable(_:)``.
    func next() throws(VolumeError) -> Line {
        guard let line = try line() else { throw .unloadable("it ends too early, after line \(lines)") }
        guard line.first != UInt8(ascii: "{") else {
            try checkEnd(line)
            return .end
        }
        hash.update(data: line + [UInt8(ascii: "\n")])
        rows += 1
        do {
            return .row(try JSONDecoder().decode(DumpRow.self, from: Data(line)))
        } catch {
            var reason = "it is no row"
            if case .dataCorrupted(let context)? = error as? DecodingError, context.underlyingError == nil {
                reason = context.debugDescription
            }
            throw .unloadable("line \(lines): \(reason)")
        }
    }

    private func checkEnd(_ line: ArraySlice<UInt8>) throws(VolumeError) {
        let digits = Hexadecimal.text(of: hash.finalize())
        let trailer = try? JSONDecoder().decode(DumpTrailer.self, from: Data(line))
        guard trailer == DumpTrailer(rows: rows, sha256: digits) else {
            throw .unloadable("its checksum does not fit: something of it is missing or was changed")
        }
        guard try self.line() == nil else { throw .unloadable("something follows its end, on line \(lines)") }
    }

    /// The next line without its end; `nil` at the end of the file.
    private func line() throws(VolumeError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                lines += 1
                return buffer[start..<end]
            }
            guard buffer.count - start <= Self.longestLine else {
                throw .unloadable("line \(lines + 1) is longer than any can be")
            }
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            guard try fill() else {
                guard buffer.isEmpty else { throw .unloadable("it ends within line \(lines + 1)") }
                return nil
            }
        }
    }

    private func fill() throws(VolumeError) -> Bool {
        let former = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: 1 << 18))
        do {
            let count = unsafe try buffer.withUnsafeMutableBytes { bytes in
                try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[former...]))
            }
            buffer.removeLast(buffer.count - former - count)
            return count > 0
        } catch {
            throw .system(path: "the dump", error as? Errno ?? .ioError)
        }
    }
}
