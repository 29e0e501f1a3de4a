/// Something that a program does to a ``VolatileDisk``: a moment at which it may be killed.
struct DiskStep: Sendable {
    /// What it does.
    enum Action: String, Sendable {
        case make, write, resize, synchronize, rename, remove
        /// What was to be synced is, and the program is about to be told.
        case answer
    }

    /// What a volume with a journal has on its disk. In each, steps come one after another in the same order each time; those of two are
    /// taken at the same time.
    enum Place: Sendable, CaseIterable {
        case journal, objects, metadata
    }

    /// How many bytes of what is written are told.
    static let startSize = 10

    /// What it does.
    let action: Action
    /// The path on the disk: `/journal/1.segment`.
    let path: String
    /// Where it writes.
    let offset: UInt64
    /// The first bytes of what it writes.
    let start: [UInt8]

    /// Where that is; `nil` for what has nothing to do with the life of a journal, such as to open the database.
    var place: Place? {
        if path.hasPrefix("/journal") { return path.hasSuffix("/lock") ? nil : .journal }
        // Programs are told that something is safe because of the journal alone.
        if action == .answer { return nil }
        if path.hasPrefix("/objects/") { return .objects }
        return path.hasSuffix("-wal") ? .metadata : nil
    }

    /// What it is there.
    var name: String {
        switch place {
        case .journal:
            let file = path.split(separator: "/").last ?? ""
            return action == .write && file.hasSuffix(".segment") ? "write \(part) to \(file)" : "\(action) \(file)"
        // All that is done before the object is there under its name is one.
        case .objects: return action == .rename ? "name object" : "\(action == .synchronize ? action : .make) object"
        case .metadata: return "\(action == .synchronize ? action : .write) metadata"
        case nil: return "\(action)"
        }
    }

    /// What part of a segment it writes: see `JournalRecord`.
    private var part: String {
        if offset == 0 { return "header" }
        guard start.prefix(4) == [0x52, 0x46, 0x4a, 0x72], start.count == Self.startSize else { return "rest" }
        return switch start[8] {
        case 1: "change"
        case 2: "done"
        default: "removal"
        }
    }
}
