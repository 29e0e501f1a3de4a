internal import FoundationEssentials

/// What was decided when a volume was formatted, and holds for all who mount it.
public struct VolumeDescription: Sendable, Hashable, Codable {
    /// Tells volumes apart that share a bucket: part of each object's key. 32 hexadecimal digits.
    public var identifier: String
    /// Its name, for people.
    public var name: String
    /// Bytes of content that an object holds at the most.
    public var objectSize: UInt64
    /// Bytes of content that are compressed, encrypted and checked as one.
    public var blockSize: UInt64
    /// How blocks are compressed.
    public var compression: Compression
    /// The key of the volume, wrapped (``VolumeKey/wrapped(with:identifier:)``); `nil` where it is not encrypted.
    public var wrappedKey: String?
    /// Bytes that files may have; `nil` for no limit.
    public var byteLimit: UInt64?
    /// Nodes that there may be; `nil` for no limit.
    public var nodeLimit: UInt64?
    /// The URL of the objects.
    public var dataURL: String
    /// For how many seconds removed files are kept (``TrashEntry``); `nil` and 0 for not at all. Set later, too, as ``wrappedKey`` is; all else stays.
    public var trashAge: UInt64?
    /// The journals that may have content which is not in the volume, by their identifiers (``Journal``); `nil` for none.
    public var journals: [String: JournalMark]?
    /// The session that moves bytes, or was the last to do so, of a volume that several mounts have at a time
    /// (``CompactionEngine/claimCompaction()``).
    public var compactor: Int64?

    /// How blocks are compressed.
    public enum Compression: String, Sendable, Codable, CaseIterable {
        /// Not at all.
        case none
        /// LZ4: fast.
        case lz4
        /// Zstandard: small.
        case zstd
    }

    /// A volume to be formatted.
    public init(
        identifier: String,
        name: String,
        objectSize: UInt64 = 4 << 20,
        blockSize: UInt64 = 64 << 10,
        compression: Compression = .none,
        wrappedKey: String? = nil,
        byteLimit: UInt64? = nil,
        nodeLimit: UInt64? = nil,
        dataURL: String,
        trashAge: UInt64? = nil
    ) {
        self.identifier = identifier
        self.name = name
        self.objectSize = objectSize
        self.blockSize = blockSize
        self.compression = compression
        self.wrappedKey = wrappedKey
        self.byteLimit = byteLimit
        self.nodeLimit = nodeLimit
        self.dataURL = dataURL
        self.trashAge = trashAge
    }
}

extension VolumeDescription {
    /// As engines store it; `nil` where it cannot be written so.
    var json: String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a volume can be so: who has made the file that says so is not known, and sizes are divided by.
    var isSound: Bool {
        blockSize & (blockSize &- 1) == 0 && (4 << 10...4 << 20).contains(blockSize) && objectSize % blockSize == 0
            && (blockSize...64 << 20).contains(objectSize) && identifier.utf8.count == 32
            && identifier.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// As engines have stored it; `nil` where it cannot be read, or no volume can be so.
    init?(json: String) {
        guard let volume = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)), volume.isSound else {
            return nil
        }
        self = volume
    }
}
