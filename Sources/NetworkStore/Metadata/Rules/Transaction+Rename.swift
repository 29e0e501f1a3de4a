internal import FileSystems
internal import RingFUSE
internal import SystemPackage

extension Transaction {
    /// Renames, replaces, exchanges: ``MetadataEngine/rename(_:in:to:in:_:_:)``.
    func rename(
        _ old: NamePlace,
        to new: NamePlace,
        _ flags: RenameFlags,
        _ caller: Caller
    ) throws(Errno) -> RenameOutcome {
        try flags.check()
        let (oldParent, source) = try find(old.name, in: old.directory)
        let newParent = try directory(new.directory)
        let replacedID = try child(new.name, in: new.directory)
        guard !newParent.isRemoved else { throw .noSuchFileOrDirectory }
        if flags.contains(.noReplace), replacedID != nil { throw .fileExists }
        if source.isDirectory, try contains(source.id, new.directory) { throw .invalidArgument }
        if flags.contains(.exchange), replacedID == nil { throw .noSuchFileOrDirectory }
        // Two names of one node: POSIX has nothing happen, and both stay.
        guard replacedID != source.id || flags.contains(.exchange) else { return RenameOutcome(replaced: nil) }
        let replaced: NodeRow? = if let replacedID { try node(replacedID) } else { nil }
        try oldParent.checkIsUnprotected()
        try source.checkIsUnprotected()
        if let replaced {
            try newParent.checkIsUnprotected()
            try replaced.checkIsUnprotected()
        } else {
            try newParent.checkTakesNames()
        }
        if flags.contains(.exchange), let replaced {
            try checkQuotas(exchanging: source, in: oldParent, with: replaced, in: newParent)
            try exchange(source, at: old, with: replaced, at: new)
            return RenameOutcome(replaced: nil, moved: [try node(source.id).record, try node(replaced.id).record])
        }
        if let replaced {
            try source.check(mayReplace: replaced)
            if replaced.isDirectory, try !rows.isEmpty(replaced.id) { throw .directoryNotEmpty }
        }
        var moved = source
        try moveQuota(of: &moved, from: oldParent, to: newParent)
        let gone = try move(
            moved, from: old, to: new, replacing: replaced, whiteoutFor: flags.contains(.whiteout) ? caller : nil)
        return RenameOutcome(replaced: gone, moved: [try node(source.id).record])
    }

    /// Moves a name whose way is clear.
    ///
    /// - Parameter caller: who owns the whiteout, where one is left.
    /// - Returns: the node that was replaced.
    private func move(
        _ source: NodeRow,
        from old: NamePlace,
        to new: NamePlace,
        replacing replaced: NodeRow?,
        whiteoutFor caller: Caller?
    ) throws(Errno) -> NodeRecord? {
        let now = Timestamp.now
        if let caller {
            try leaveWhiteout(at: old, caller, at: now)
        } else {
            try rows.deleteName(old.name, in: old.directory)
        }
        var outcome: NodeRecord?
        if let replaced {
            try rows.replaceName(new.name, in: new.directory, with: source.id)
            outcome = try removeLink(of: replaced, from: new, at: now)
        } else {
            var cookie: UInt64 = 0
            try update(new.directory) { cookie = $0.takeCookie() }
            try rows.insertName(new.name, in: new.directory, cookie: cookie, source.id)
        }
        try update(source.id) { row in
            row.changed(at: now)
            row.quota = source.quota
            if row.isDirectory { row.parent = new.directory }
        }
        let lost = source.isDirectory ? -1 : 0
        let won = source.isDirectory && replaced == nil ? 1 : 0
        if old.directory == new.directory {
            try update(old.directory) { $0.namesChanged(links: lost + won, at: now) }
        } else {
            try update(old.directory) { $0.namesChanged(links: lost, at: now) }
            try update(new.directory) { $0.namesChanged(links: won, at: now) }
        }
        return outcome
    }

    /// Has a name stand for a whiteout: a character device 0:0, which overlayfs takes for "removed".
    ///
    /// - Throws: `ENOSPC`, and nothing has changed.
    private func leaveWhiteout(at place: NamePlace, _ caller: Caller, at now: Timestamp) throws(Errno) {
        try checkRoomForNode()
        let template = NodeTemplate(
            NewNode(mode: NodeMode(.characterDevice, permissions: 0)), by: caller)
        let whiteout = try add(template, .characterDevice, in: try node(place.directory), at: now)
        try rows.replaceName(place.name, in: place.directory, with: whiteout.id)
    }

    /// Has two names stand for each other's nodes.
    ///
    /// - Throws: `EINVAL` where a directory would get into itself.
    private func exchange(
        _ first: NodeRow,
        at firstPlace: NamePlace,
        with second: NodeRow,
        at secondPlace: NamePlace
    ) throws(Errno) {
        if second.isDirectory, try contains(second.id, firstPlace.directory) { throw .invalidArgument }
        guard first.id != second.id else { return }
        let now = Timestamp.now
        try rows.replaceName(firstPlace.name, in: firstPlace.directory, with: second.id)
        try rows.replaceName(secondPlace.name, in: secondPlace.directory, with: first.id)
        let moved = (first.isDirectory ? 1 : 0) - (second.isDirectory ? 1 : 0)
        try update(first.id) { node in
            node.changed(at: now)
            if node.isDirectory { node.parent = secondPlace.directory }
        }
        try update(second.id) { node in
            node.changed(at: now)
            if node.isDirectory { node.parent = firstPlace.directory }
        }
        try update(firstPlace.directory) { $0.namesChanged(links: -moved, at: now) }
        try update(secondPlace.directory) { $0.namesChanged(links: moved, at: now) }
    }
}
