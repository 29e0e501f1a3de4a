internal import Glibc
internal import RingFUSE

/// A record of a journal, as it is written. One after another they make a segment.
///
/// A header of 40 bytes, with a checksum of its own, tells how long the body is and its checksum: so that the end of a file that was cut
/// in the middle of a record is noticed, and what lies behind a damaged one can be found. The checksum of the header counts where it is
/// (``JournalBinding``), too.
enum JournalRecord: Hashable, Sendable {
    /// Something was written: acknowledged once this is on the disk. The bytes are the content of the ranges.
    case change(JournalChange, ArraySlice<UInt8>)
    /// A change is in the volume, and durable; the state of the file then. `nil` where there is no such file any more.
    case done(JournalLanding?)
    /// A file has lost its last name: what was written to it before is nobody's, where it is gone.
    case removed(NodeID)

    /// Bytes of a header.
    static let headerSize = 40
    /// What a record begins with: "RFJr".
    private static let magic: UInt32 = 0x724a_4652
    /// The flag of a body that is encrypted.
    private static let encrypted: UInt16 = 1

    /// What kinds are called.
    private enum Kind {
        static let change: UInt16 = 1
        static let done: UInt16 = 2
        static let removed: UInt16 = 3
    }

    // MARK: Writing

    /// Appends a record of a change.
    ///
    /// - Parameters:
    ///   - sequence: the number of the change.
    ///   - content: what its ranges are of.
    ///   - key: of an encrypted volume.
    static func append(
        _ change: JournalChange,
        _ content: DirtyMap,
        _ sequence: UInt64,
        key: VolumeKey?,
        to part: inout JournalPart
    ) {
        var body = ContiguousArray<UInt8>()
        body.reserveCapacity(content.byteCount + 128 + change.ranges.count * 16)
        change.append(to: &body)
        for chunk in content.chunks {
            for range in chunk.ranges { body.append(range, of: chunk.block) }
        }
        if let key { body = key.sealed(body, .journal) }
        append(body, Kind.change, key == nil ? 0 : encrypted, sequence, to: &part)
    }

    /// Appends a record that a change is in the volume.
    static func append(done landing: JournalLanding?, _ sequence: UInt64, to part: inout JournalPart) {
        var body = ContiguousArray<UInt8>()
        if let landing {
            body.append(number: landing.revision.version)
            body.append(time: landing.revision.modified)
            if let node = landing.node { body.append(number: node.rawValue) }
        }
        append(body, Kind.done, 0, sequence, to: &part)
    }

    /// Appends a record that a file has lost its last name.
    ///
    /// - Parameter sequence: the number of the last change before that.
    static func append(removed node: NodeID, _ sequence: UInt64, to part: inout JournalPart) {
        var body = ContiguousArray<UInt8>()
        body.append(number: node.rawValue)
        append(body, Kind.removed, 0, sequence, to: &part)
    }

    private static func append(
        _ body: ContiguousArray<UInt8>,
        _ kind: UInt16,
        _ flags: UInt16,
        _ sequence: UInt64,
        to part: inout JournalPart
    ) {
        var header = ContiguousArray<UInt8>()
        header.reserveCapacity(headerSize)
        header.append(number: kind)
        header.append(number: flags)
        header.append(number: unsafe body.withUnsafeBytes { unsafe Checksum.crc32c($0) })
        header.append(number: UInt64(body.count))
        header.append(number: sequence)
        // For what may come.
        header.append(number: UInt64(0))
        let checksum = part.binding.checksum(of: header, at: part.end)
        part.bytes.append(number: magic)
        part.bytes.append(number: checksum)
        part.bytes += header
        part.bytes += body
    }

    // MARK: Reading

    /// What is at some place of a segment.
    enum Found {
        /// A record, its number, and where it ends.
        case record(JournalRecord, sequence: UInt64, end: Int)
        /// A record whose body is not what was written, and where it ends.
        case damaged(end: Int)
        /// A record of a kind, or encrypted by a key, that is not known here, and where it ends.
        case unknown(end: Int)
        /// None.
        case nothing
    }

    /// Reads a record.
    ///
    /// - Parameters:
    ///   - bytes: of a segment, from where it begins on.
    ///   - binding: the segment's.
    ///   - key: of an encrypted volume.
    static func read(_ bytes: ArraySlice<UInt8>, _ binding: JournalBinding, key: VolumeKey?) -> Found {
        guard bytes.count >= headerSize else { return .nothing }
        var reader = JournalReader(bytes)
        let (magic, checksum) = (reader.number(UInt32.self), reader.number(UInt32.self))
        let header = bytes[reader.position..<bytes.startIndex + headerSize]
        guard magic == Self.magic, binding.checksum(of: header, at: UInt64(bytes.startIndex)) == checksum else {
            return .nothing
        }
        let (kind, flags) = (reader.number(UInt16.self), reader.number(UInt16.self))
        let (bodyChecksum, length, sequence) = (
            reader.number(UInt32.self), reader.number(UInt64.self), reader.number(UInt64.self)
        )
        let start = bytes.startIndex + headerSize
        guard length <= UInt64(bytes.endIndex - start) else { return .nothing }
        let end = start + Int(length)
        var body = bytes[start..<end]
        guard Self.checksum(of: body) == bodyChecksum else { return .damaged(end: end) }
        if flags == encrypted {
            guard let opened = key?.opened(ContiguousArray(body), .journal) else { return .unknown(end: end) }
            body = ArraySlice(opened)
        } else if flags != 0 {
            return .unknown(end: end)
        }
        guard let record = record(kind, body) else { return .unknown(end: end) }
        return .record(record, sequence: sequence, end: end)
    }

    /// The next place after another where a record may begin: at its first byte there is what records begin with; or the end.
    static func candidate(in bytes: ArraySlice<UInt8>, after position: Int) -> Int {
        unsafe bytes.withUnsafeBytes { buffer in
            var index = position + 1 - bytes.startIndex
            while index < buffer.count {
                // What was torn may be megabytes.
                guard let start = buffer.baseAddress,
                    let found = unsafe memchr(start + index, CInt(magic & 0xff), buffer.count - index)
                else { break }
                index = unsafe UnsafeRawPointer(found) - start
                if unsafe buffer[index...].starts(with: magicBytes) { return bytes.startIndex + index }
                index += 1
            }
            return bytes.endIndex
        }
    }

    /// The bytes that records begin with.
    private static let magicBytes: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: magic >> (8 * $0)) }

    private static func record(_ kind: UInt16, _ body: ArraySlice<UInt8>) -> JournalRecord? {
        var reader = JournalReader(body)
        switch kind {
        case Kind.change: return JournalChange(&reader).map { .change($0, reader.rest) }
        case Kind.done:
            if body.isEmpty { return .done(nil) }
            var landing = JournalLanding(revision: JournalRevision(version: reader.number(), modified: reader.time()))
            // Format 1 has none.
            if !reader.rest.isEmpty { landing.node = NodeID(reader.number()) }
            return reader.isWhole && reader.rest.isEmpty ? .done(landing) : nil
        case Kind.removed:
            let node = NodeID(reader.number())
            return reader.isWhole && reader.rest.isEmpty ? .removed(node) : nil
        default: return nil
        }
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe Checksum.crc32c($0) }
    }
}
