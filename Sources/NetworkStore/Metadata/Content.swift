public import RingFUSE

/// A run of a file's bytes and where they are.
public struct Extent: Sendable, Hashable {
    /// Where the bytes are.
    public enum Place: Sendable, Hashable {
        /// In an object, from an offset on, which counts the bytes before compression and encryption.
        case object(ObjectNumber, offset: UInt64)
        /// In the metadata: small, and not yet packed into an object.
        case inline(ContiguousArray<UInt8>)
        /// Nowhere: they are zeros, but count as allocated.
        case zeros
    }

    /// Bytes from the start of the file.
    public var offset: UInt64
    /// Bytes; of an inline one as many as there are.
    public var length: UInt64
    /// Where they are.
    public var place: Place

    /// An extent.
    public init(offset: UInt64, length: UInt64, place: Place) {
        self.offset = offset
        self.length = length
        self.place = place
    }

    /// The range of the file.
    public var range: Range<UInt64> { offset..<offset + length }
}

/// An object as the metadata has it.
public struct ObjectRecord: Sendable, Hashable {
    /// Its number.
    public var number: ObjectNumber
    /// Bytes of content, before compression and encryption.
    public var length: UInt64
    /// How its content is divided, and the checksums: opaque here, read by whoever reads the object.
    public var layout: ContiguousArray<UInt8>

    /// An object.
    public init(number: ObjectNumber, length: UInt64, layout: ContiguousArray<UInt8>) {
        self.number = number
        self.length = length
        self.layout = layout
    }
}

/// A change of a file's content.
public struct ContentChange: Sendable {
    /// The file.
    public var file: NodeID
    /// Objects that are in the store, under numbers that were reserved.
    public var objects: [ObjectRecord] = []
    /// Ranges that become holes, before ``extents`` are written.
    public var holes: [Range<UInt64>] = []
    /// What is new, in the order in which it was written: later ones lie over earlier ones and all over what was there.
    public var extents: [Extent] = []
    /// The size is to be this at least.
    public var size: UInt64?
    /// When it was changed; `nil` leaves the times as they are.
    public var time: Timestamp?
    /// Whether set-ID bits and capabilities go.
    public var killsPrivileges = false
    /// Who changed it, for ``killsPrivileges``.
    public var caller = Caller(userID: 0, groupID: 0)
    /// Attributes that were set after the content was written.
    public var attributes: HeldAttributes?
    /// Where bytes only move, as when small files are packed: the version of the file when they were read. The change
    /// is not made where the file has another one by now, and leaves the version as it is, since nobody sees it.
    public var movedVersion: UInt64?
    /// What the change is called in a journal (``JournalTag``): it is noted with it, and not made where it was noted before.
    public var tag: StoredName?

    /// No change yet.
    public init(of file: NodeID) {
        self.file = file
    }
}
