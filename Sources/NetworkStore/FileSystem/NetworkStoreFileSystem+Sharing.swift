internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// What other mounts of the volume do.

extension NetworkStoreFileSystem {
    /// Another mount has changed something: the kernel is told, and open files ask anew.
    ///
    /// A notification that is refused is not missed for ever: names are believed for a short while only, and a file that is
    /// opened is asked for in any case.
    func invalidate(_ changes: ForeignChanges) {
        locks?.hear(changes)
        guard let notifier else { return }
        if changes.isEverything {
            try? notifier.increaseEpoch()
            for node in nodes.known { invalidate(node, notifier) }
            return
        }
        for node in changes.nodes where nodes.isKnown(node) { invalidate(node, notifier) }
        for place in changes.names where nodes.isKnown(place.directory) {
            // What is open below it, or mounted, stays where it is.
            do throws(Errno) {
                try notifier.invalidate(place.name, in: place.directory, expiresOnly: true)
            } catch {
                try? notifier.invalidate(place.name, in: place.directory)
            }
        }
    }

    /// A node may not be what the kernel takes it for.
    ///
    /// What is open is asked for first. Who has locked a file knows what it is, and may be asking for its size: the answer to a question that
    /// comes while the kernel is told to drop something, it does not believe, and what it reads then ends where the file ended before
    /// (`fuse_reverse_inval_inode` raises `attr_version`).
    private func invalidate(_ node: NodeID, _ notifier: Notifier) {
        guard let file = nodes.file(node) else { return drop(node, notifier) }
        volume.start { _ in
            let record = try? await self.volume.engine.node(node)
            let isKnown = file.state.withLock { state in
                guard let record else {
                    state.noteForeignChange()
                    return false
                }
                state.refresh(record)
                return state.pages.areOf(version: state.record.version)
            }
            if !isKnown { self.drop(node, notifier) }
        }
    }

    /// Has the kernel drop what it caches of a node.
    private func drop(_ node: NodeID, _ notifier: Notifier) {
        nodes.expectDrop(of: node)
        try? notifier.invalidate(node)
    }
}
