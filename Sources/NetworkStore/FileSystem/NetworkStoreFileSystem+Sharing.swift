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

    /// A node is not what it was.
    private func invalidate(_ node: NodeID, _ notifier: Notifier) {
        try? notifier.invalidate(node)
        guard let file = nodes.file(node) else { return }
        file.state.withLock { $0.noteForeignChange() }
        volume.start { _ in
            // If it fails, whoever opens the file next will ask.
            guard let record = try? await self.volume.engine.node(node) else { return }
            file.state.withLock { $0.refresh(record) }
        }
    }
}
