internal import RingFUSE
internal import SystemPackage

// The end: of the mount, or of its session with the volume, which comes first where the mount was silent for too long.

extension NetworkStoreFileSystem {
    /// What programs had written and was not committed, in a sentence; `nil` where all was. To be asked when the mount has ended.
    public var leftover: String? { volume.rescue.summary }

    /// Somebody has asked for the end of the mount, which may be in use yet: programs that wait for a database that does not answer get `EIO`
    /// after ``Volume/Limits/endingPatience``, so that they do not keep it any longer. Never waits.
    public func limitWaiting() { volume.engine.limitWaiting(to: volume.limits.endingPatience, isLast: false) }

    /// Looks now and then whether the volume is lost, and saves aside what is unwritten then.
    func watchForLoss() {
        volume.start { io in
            while await self.volume.pause(for: .milliseconds(500), io) {
                guard self.volume.engine.isLost else { continue }
                return await self.saveAside(.fenced)
            }
        }
    }

    /// Saves aside what is unwritten, and does not wait for the store or the database any more: whoever ends the mount has no patience.
    /// A commit that is under way may succeed nevertheless; then the same is in both places.
    public func abandon() async { await saveAside(.aborted) }

    /// Writes out everything, and ends the session with the volume. What cannot be committed is saved aside, or stays in the journal; so is
    /// what a store that has fallen silent does not take within ``Volume/Limits/endingPatience``, or a database does not answer.
    public func disconnected() async {
        volume.stopWaiting()
        volume.engine.limitWaiting(to: volume.limits.endingPatience, isLast: true)
        if let text = volume.textOfWaiting(for: nodes.files) { warn(text) }
        if volume.journal != nil {
            if volume.engine.isLost { await saveAside(.fenced) }
            let (_, culprit) = await volume.withinPatience { await volume.emptyJournal(nodes.files) { warn($0) } }
            if let culprit { warn(culprit) }
            // The journal's disk has failed, too.
            await volume.saveAside(nodes.files, endingReason(culprit == nil ? .ioError : .timedOut)) { warn($0) }
        } else {
            let (error, culprit) = await volume.withinPatience { await volume.commitAll(nodes.files) { warn($0) } }
            if let error {
                volume.rescue.blame(culprit)
                await saveAside(endingReason(culprit == nil ? error : .timedOut))
            }
        }
        await volume.close()
    }

    /// Why something is not committed at the end.
    private func endingReason(_ error: Errno) -> LostContent.Reason {
        volume.engine.isLost ? .fenced : .unstored(error)
    }

    /// Gives up what is unwritten, and saves it aside.
    private func saveAside(_ reason: LostContent.Reason) async {
        // First: what is written from now on is refused, so that nothing comes after what is saved.
        volume.giveUp()
        await volume.saveAside(nodes.files, reason) { warn($0) }
    }
}
