public import RingFUSE

/// An extent of some file, as it is met when a whole volume is looked through.
public struct ScannedExtent: Sendable {
    /// Where the bytes are.
    public enum Place: Sendable, Hashable {
        /// In an object, of whose bytes so many are in use.
        case object(ObjectNumber, offset: UInt64, length: UInt64, live: UInt64)
        /// In the metadata; `nil` where the file has changed lately.
        case inline(ContiguousArray<UInt8>?)
        /// Nowhere: zeros.
        case zeros
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

/// A place in the order in which the extents of a volume are looked through: by files, and by offsets in each.
public struct ExtentPosition: Sendable, Hashable {
    /// The file.
    public var file: NodeID
    /// Bytes from its start.
    public var offset: UInt64

    /// Before all.
    public static let start = ExtentPosition(file: NodeID(0), offset: 0)
}
