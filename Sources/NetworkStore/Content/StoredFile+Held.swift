internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Attributes that are set of a file while it has content that is not committed. A transaction for each of them would cost more
// than the content of a small file; so they wait for that, as `tar`, `cp` and `rsync` set them between the last write and the
// close. What a crash takes of them it takes with the content that came before.

extension StoredFile.State {
    /// Changes attributes of a file that has something to be committed with which they can be committed, too.
    ///
    /// - Parameters:
    ///   - changes: not of the size.
    ///   - now: when.
    /// - Returns: the attributes as they are now; `nil` where the engine has to change them, and nothing was changed.
    /// - Throws: `EPERM` by the node's flags.
    mutating func hold(
        _ changes: AttributeChanges,
        by caller: Caller,
        at now: Timestamp
    ) throws(Errno) -> Attributes? {
        // Lists and capabilities are the engine's, and what cannot be stored is not to hold up what can, unless that is no matter to who
        // closes the file.
        guard canHold, !record.hasExtendedAttributes, uploads.allSatisfy({ $0.failures == 0 || $0.sequence != nil })
        else { return nil }
        let flags = InodeFlags(rawValue: record.flags)
        try changes.check(against: flags)
        let before = attributes
        var row = NodeRow(attributes: before, birthTime: record.birthTime)
        row.flags = flags
        _ = try row.apply(changes, by: caller, at: now, accessList: nil)
        add(HeldAttributes(changes, from: before, to: row.attributes))
        return attributes
    }

    /// Whether something waits that attributes can be committed with.
    private var canHold: Bool {
        // After what is in a journal comes a change of its own.
        guard dirty.isEmpty, held == nil, uploads.last?.sequence == nil else { return true }
        switch uploads.last?.progress {
        case .storing, .stored: return true
        case .committing, .failed, nil: return false
        }
    }

    /// Whether attributes wait: then what depends on them, or changes them otherwise, comes after a flush.
    var holdsAttributes: Bool { held != nil || uploads.contains { $0.held != nil } }

    /// Lays attributes over those that wait with what was written last.
    private mutating func add(_ later: HeldAttributes) {
        // What is in a journal stays as it was acknowledged.
        if dirty.isEmpty, let last = uploads.last, last.sequence == nil {
            last.held = Self.sum(last.held, later)
        } else {
            held = Self.sum(held, later)
            dirtySince = dirtySince ?? .now
        }
    }

    private static func sum(_ held: HeldAttributes?, _ later: HeldAttributes) -> HeldAttributes {
        guard var held else { return later }
        held.add(later)
        return held
    }

    /// Notes that the file is written to: that time is the later one.
    mutating func noteWrite() { held?.modificationTime = nil }

    /// Notes that the file was read.
    ///
    /// - Returns: whether the engine is to be told.
    mutating func noteAccess(at now: Timestamp) -> Bool {
        guard record.wantsAccess(at: now, attributes) else { return false }
        let isHeld = held?.accessTime != nil || uploads.last?.held?.accessTime != nil
        if isHeld, canHold {
            var access = HeldAttributes()
            access.accessTime = now
            add(access)
            return false
        }
        record.attributes.accessTime = now
        return true
    }
}

extension Attributes {
    /// Notes when content was written that is not committed: other attributes may have been changed since.
    mutating func written(at time: Timestamp) {
        modificationTime = time
        changeTime = max(changeTime, time)
    }
}
