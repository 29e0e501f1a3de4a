public import RingFUSE

/// An extent of some file, as it is met when a whole volume is looked through.
public struct ScannedExtent: Sendable {
    /// Where the bytes are.
    public enum Place: Sendable, Hashable {
        /// In an object, of whose bytes so many are in use.
        case object(ObjectNumber, offset: UInt64, length: UInt64, live: UInt64)
        /// In the metadata.
        case inline(ContiguousArray<UInt8>)
        /// Nowhere: zeros.
        case zeros
        /// Not told: in the metadata, where the file has changed lately, or in a damaged row, which `fsck` names.
        case untold
    }

    /// The file.
    public var file: NodeID
    /// Its version.
    public var version: UInt64
    /// Bytes from the start of the file.
    public var offset: UInt64
    /// Bytes.
    public var length: UInt64
    /// Where they are.
    public var place: Place

    /// Where it is in the order in which extents are looked through.
    public var position: ExtentPosition { ExtentPosition(file: file, offset: offset) }
}

extension ScannedExtent {
    /// An extent as a row has it.
    ///
    /// - Parameters:
    ///   - extent: it; `nil` where the row is no extent, or its content is not told.
    ///   - offset: what the row has for its offset.
    ///   - use: of the object that it is in, where it is in one, the bytes and how many of them are in use.
    init(_ extent: Extent?, at offset: UInt64, of file: NodeID, version: UInt64, use: (length: UInt64, live: UInt64)) {
        (self.file, self.version, self.offset, length) = (file, version, offset, extent?.length ?? 0)
        place =
            switch extent?.place {
            case .object(let number, let start): .object(number, offset: start, length: use.length, live: use.live)
            case .inline(let bytes): .inline(bytes)
            case .zeros: .zeros
            case nil: .untold
            }
    }
}

/// A place in the order in which the extents of a volume are looked through: by files, and by offsets in each.
public struct ExtentPosition: Sendable, Hashable {
    /// The file.
    public var file: NodeID
    /// Bytes from its start.
    public var offset: UInt64

    /// Before all.
    public static let start = ExtentPosition(file: NodeID(0), offset: 0)
}
