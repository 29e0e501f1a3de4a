internal import RingFUSE

/// The state that a file was in, so that it can be told whether somebody has changed it since.
struct JournalRevision: Hashable, Sendable {
    /// Its version: rises with each change of attributes, too.
    var version: UInt64
    /// When its content was changed.
    var modified: Timestamp

    /// The state of a node.
    init(_ node: NodeRecord) {
        version = node.version
        modified = node.attributes.modificationTime
    }

    /// A state.
    init(version: UInt64, modified: Timestamp) {
        self.version = version
        self.modified = modified
    }

    /// Whether a file that was left so has another content now: somebody has changed it, or what had been made of it before is lost.
    /// Attributes alone are no matter: what is brought in late does not touch them.
    func differs(from now: JournalRevision) -> Bool { version != now.version && modified != now.modified }
}

/// In which state a change has left its file.
struct JournalLanding: Hashable, Sendable {
    /// The file; `nil` where format 1 does not say it.
    var node: NodeID?
    /// Its state.
    var revision: JournalRevision
}

/// What was written to a file, and has to get into the volume: all that an ``Upload`` says, but for the bytes.
struct JournalChange: Hashable, Sendable {
    /// The file.
    var node: NodeID
    /// The state that it was in, as far as it was known.
    var base: JournalRevision
    /// The size that it has at least; `nil` where nothing was written.
    var size: UInt64?
    /// When it was written; `nil` likewise.
    var time: Timestamp?
    /// Attributes that were set after that.
    var held: HeldAttributes?
    /// What was written, in order, none touching another.
    var ranges: [Range<UInt64>] = []

    /// Bytes of all ranges.
    var byteCount: UInt64 { ranges.reduce(0) { $0 + $1.length } }

    /// When the content is changed by it; `nil` where it is not.
    var modified: Timestamp? { held?.modificationTime ?? time }

    /// The ranges of content.
    static func ranges(of content: DirtyMap) -> [Range<UInt64>] {
        content.chunks.flatMap { chunk in
            let start = chunk.index * UInt64(content.blockSize)
            return chunk.ranges.map { start + UInt64($0.lowerBound)..<start + UInt64($0.upperBound) }
        }
    }
}

extension JournalChange {
    /// What of it there is, as bits.
    private struct Parts: OptionSet {
        let rawValue: UInt32
        static let content = Parts(rawValue: 1)
        static let permissions = Parts(rawValue: 2)
        static let userID = Parts(rawValue: 4)
        static let groupID = Parts(rawValue: 8)
        static let accessTime = Parts(rawValue: 16)
        static let modificationTime = Parts(rawValue: 32)
        static let changeTime = Parts(rawValue: 64)
        static let held = Parts(rawValue: 128)
        static let all = Parts(rawValue: 255)
    }

    private var parts: Parts {
        var parts: Parts = []
        if size != nil, time != nil { parts.insert(.content) }
        guard let held else { return parts }
        parts.insert(.held)
        if held.permissions != nil { parts.insert(.permissions) }
        if held.userID != nil { parts.insert(.userID) }
        if held.groupID != nil { parts.insert(.groupID) }
        if held.accessTime != nil { parts.insert(.accessTime) }
        if held.modificationTime != nil { parts.insert(.modificationTime) }
        if held.changeTime != nil { parts.insert(.changeTime) }
        return parts
    }

    /// Appends all but the bytes of the content, which come after it.
    func append(to bytes: inout ContiguousArray<UInt8>) {
        bytes.append(number: node.rawValue)
        bytes.append(number: base.version)
        bytes.append(time: base.modified)
        bytes.append(number: parts.rawValue)
        if let size, let time {
            bytes.append(number: size)
            bytes.append(time: time)
        }
        for number in [held?.permissions, held?.userID, held?.groupID] {
            if let number { bytes.append(number: number) }
        }
        for time in [held?.accessTime, held?.modificationTime, held?.changeTime] {
            if let time { bytes.append(time: time) }
        }
        bytes.append(number: UInt32(ranges.count))
        for range in ranges {
            bytes.append(number: range.lowerBound)
            bytes.append(number: range.length)
        }
    }

    /// Reads a change, and leaves its content to be read; `nil` for bytes that are none.
    init?(_ reader: inout JournalReader) {
        node = NodeID(reader.number())
        base = JournalRevision(version: reader.number(), modified: reader.time())
        let parts = Parts(rawValue: reader.number())
        guard reader.isWhole, parts.isSubset(of: .all) else { return nil }
        if parts.contains(.content) {
            size = reader.number()
            time = reader.time()
        }
        if parts.contains(.held) {
            var held = HeldAttributes()
            if parts.contains(.permissions) { held.permissions = reader.number() }
            if parts.contains(.userID) { held.userID = reader.number() }
            if parts.contains(.groupID) { held.groupID = reader.number() }
            if parts.contains(.accessTime) { held.accessTime = reader.time() }
            if parts.contains(.modificationTime) { held.modificationTime = reader.time() }
            if parts.contains(.changeTime) { held.changeTime = reader.time() }
            self.held = held
        }
        let count = reader.number(UInt32.self)
        var end: UInt64 = 0
        for _ in 0..<count {
            let (start, length) = (reader.number(UInt64.self), reader.number(UInt64.self))
            guard reader.isWhole, length > 0, start >= end, start <= Volume.largestFile,
                length <= Volume.largestFile - start
            else { return nil }
            ranges.append(start..<start + length)
            end = start + length
        }
        guard reader.isWhole, (size ?? 0) <= Volume.largestFile, byteCount == UInt64(reader.rest.count) else {
            return nil
        }
    }
}
