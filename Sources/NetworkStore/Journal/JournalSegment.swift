internal import RingFUSE

/// A file of a journal: a header, and records. A journal has some, of which the last is written to; the first goes when all that it has
/// is in the volume.
struct JournalSegment {
    /// The header.
    struct Header: Hashable, Sendable {
        /// The volume's identifier: 32 hexadecimal digits.
        var volume: String
        /// The journal's, likewise.
        var journal: String
        /// The time that it was in use, from one mount to its end.
        var generation: UInt64
        /// The number of the segment.
        var number: UInt64
        /// The version of all that is in it: 1, whose records are not bound to it, or what is written today.
        var version = Self.newest

        /// Bytes of a header.
        static let size = 96
        /// Those of it that its checksum is of.
        private static let checkedSize = 88
        /// The version that is written.
        static let newest: UInt32 = 2
        /// What a segment begins with: "RFJS", and the version.
        private static let magic: UInt32 = 0x534a_4652

        /// Its bytes.
        var bytes: ContiguousArray<UInt8> {
            var bytes = checkedBytes
            bytes.append(number: checksum)
            bytes.append(number: UInt32(0))
            return bytes
        }

        /// The checksum of all that is before it.
        var checksum: UInt32 { unsafe checkedBytes.withUnsafeBytes { unsafe Checksum.crc32c($0) } }

        private var checkedBytes: ContiguousArray<UInt8> {
            var bytes = ContiguousArray<UInt8>()
            bytes.reserveCapacity(Self.size)
            bytes.append(number: Self.magic)
            bytes.append(number: version)
            bytes += ContiguousArray(volume.utf8)
            bytes += ContiguousArray(journal.utf8)
            bytes.append(number: generation)
            bytes.append(number: number)
            assert(bytes.count == Self.checkedSize, "identifiers have 32 digits")
            return bytes
        }

        /// The header that bytes begin with, of whatever version: all have the same, so that what is newer is known from what is damaged;
        /// `nil` where there is none.
        init?(_ bytes: ArraySlice<UInt8>) {
            guard bytes.count >= Self.size else { return nil }
            var reader = JournalReader(bytes)
            guard reader.number(UInt32.self) == Self.magic else { return nil }
            version = reader.number()
            let texts = reader.rest.prefix(64)
            volume = String(decoding: texts.prefix(32), as: UTF8.self)
            journal = String(decoding: texts.suffix(32), as: UTF8.self)
            reader = JournalReader(bytes.dropFirst(72))
            generation = reader.number()
            number = reader.number()
            let checksum = unsafe bytes.prefix(Self.checkedSize).withUnsafeBytes { unsafe Checksum.crc32c($0) }
            guard reader.number(UInt32.self) == checksum else { return nil }
        }

        /// Whether what is behind it can be read.
        var isKnown: Bool { (1...Self.newest).contains(version) }

        /// A header.
        init(volume: String, journal: String, generation: UInt64, number: UInt64) {
            self.volume = volume
            self.journal = journal
            self.generation = generation
            self.number = number
        }
    }

    /// Its header.
    let header: Header
    /// The records, and their numbers.
    private(set) var records: [(sequence: UInt64, record: JournalRecord)] = []
    /// Ranges of the file that hold something which cannot be read, with records behind it.
    private(set) var damage: [Range<Int>] = []
    /// Bytes at the end that are no whole record: what was being written when the machine stopped.
    private(set) var torn = 0

    /// Reads a segment; `nil` where it has no header. One of an unknown version has no records.
    ///
    /// - Parameter key: of an encrypted volume.
    init?(_ bytes: ContiguousArray<UInt8>, key: VolumeKey?) {
        let bytes = ArraySlice(bytes)
        guard let header = Header(bytes) else { return nil }
        self.header = header
        guard header.isKnown else { return }
        let binding = JournalBinding(header)
        var position = Header.size
        /// Where what cannot be read begins, while it is not known where it ends.
        var lost: Int?
        while position < bytes.endIndex {
            let found = JournalRecord.read(bytes[position...], binding, key: key)
            if case .nothing = found {
                lost = lost ?? position
                position = JournalRecord.candidate(in: bytes, after: position)
                continue
            }
            if let start = lost {
                damage.append(start..<position)
                lost = nil
            }
            switch found {
            case .record(let record, let sequence, let end):
                records.append((sequence, record))
                position = end
            case .damaged(let end) where end == bytes.endIndex:
                // A file may be as long as it was to become before its last bytes are there.
                lost = position
                position = end
            case .damaged(let end), .unknown(let end):
                damage.append(position..<end)
                position = end
            case .nothing: break
            }
        }
        torn = lost.map { bytes.endIndex - $0 } ?? 0
    }
}
