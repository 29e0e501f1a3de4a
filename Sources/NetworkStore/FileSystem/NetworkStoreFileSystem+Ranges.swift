internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

// Changes and questions that concern ranges of files. What is not committed is committed first: then the engine knows all.

extension NetworkStoreFileSystem {
    /// Allocates, punches or zeroes a range. Allocating promises no room, since a store has as much as it has.
    ///
    /// - Throws: `EOPNOTSUPP` for other modes; `EINVAL` for no bytes; `EPERM` for what is immutable, and for anything but
    ///   allocating in what is append-only; `ENOSPC`, `EDQUOT`, `EFBIG`, `ESTALE`, `EIO`.
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let file = try self.file(file)
        guard length > 0 else { throw .invalidArgument }
        let (end, overflows) = offset.addingReportingOverflow(length)
        guard !overflows, end <= Volume.largestFile else { throw .fileTooLarge }
        let record = file.state.withLock { $0.record }
        guard !record.isImmutable, !record.isAppendOnly || mode.isSubset(of: .keepSize) else { throw .notPermitted }
        let isHole = mode == [.punchHole, .keepSize]
        let isKnown = isHole || mode.isSubset(of: [.keepSize, .zeroRange])
        guard isKnown else { throw .notSupported }
        // The request does not say whether privileges go; the kernel's file systems spare only the superuser's.
        let caller = caller(context, withGroups: true)
        try await file.gate.pass { () async throws(Errno) in
            try await volume.flush(file, durably: false)
            try await volume.loadExtents(of: file)
            let claim =
                isHole
                ? RoomLedger.Claim()
                : try await volume.claimRoom(for: file, context.io) { () throws(Errno) in
                    file.state.withLock { $0.growth(in: offset..<end) }
                }
            let (change, old) = file.state.withLock { state in
                var change = ContentChange(of: file.id)
                change.time = .now
                change.killsPrivileges = caller.userID != 0
                change.caller = caller
                if !mode.contains(.keepSize) { change.size = end }
                if isHole || mode.contains(.zeroRange) { change.holes = [offset..<end] }
                if !isHole {
                    change.extents =
                        mode.contains(.zeroRange)
                        ? [Extent(offset: offset, length: length, place: .zeros)] : state.zeros(in: offset..<end)
                }
                return (change, state.record.attributes.mode)
            }
            let updated = try await volume.commit(change, claim)
            file.state.withLock { state in
                state.extents?.apply(change)
                state.commits += 1
                state.isVolatile = true
                state.take(updated)
            }
            invalidateMode(of: file.id, ifChangedFrom: old, to: updated.attributes.mode)
        }
    }

    /// Finds data or a hole; what has been allocated counts as data.
    ///
    /// - Throws: `ENXIO` where there is none before the end, `EIO`, `ESTALE`.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        let file = try self.file(file)
        try await volume.loadExtents(of: file)
        let found = file.state.withLock { state -> UInt64? in
            var position = offset
            while position < state.size {
                let (isData, end) = state.runForSeeking(at: position, limit: state.size)
                if isData == (target == .data) { return position }
                position = end
            }
            return target == .hole && offset < state.size ? state.size : nil
        }
        guard let found else { throw .noSuchAddressOrDevice }
        return found
    }

    /// Has a range of a file share its bytes with another range: nothing is copied.
    ///
    /// - Returns: the number of bytes: fewer than asked for at the source's end.
    /// - Throws: `EINVAL` for ranges of one file that overlap; `EPERM` for an immutable target; `ENOSPC`, `EDQUOT`,
    ///   `EFBIG`, `EIO`, `ESTALE`.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        let (source, target) = (try file(source), try file(target))
        try await volume.flush(source, durably: false)
        let size = source.state.withLock { $0.size }
        guard sourceOffset < size else { return 0 }
        let length = min(length, size - sourceOffset)
        guard targetOffset <= Volume.largestFile - length else { throw .fileTooLarge }
        guard target.state.withLock({ !$0.record.isImmutable }) else { throw .notPermitted }
        let range = sourceOffset..<sourceOffset + length
        guard source !== target || !range.overlaps(targetOffset..<targetOffset + length) else { throw .invalidArgument }
        let caller = caller(context, withGroups: true)
        try await target.gate.pass { () async throws(Errno) in
            try await volume.flush(target, durably: false)
            let old = target.attributes.mode
            let claim = try await volume.claimRoom(for: target, context.io) { () async throws(Errno) in
                try await sharedGrowth(range, of: source, with: target, at: targetOffset)
            }
            let record: NodeRecord
            do throws(Errno) {
                record = try await volume.engine.share(range, of: source.id, with: target.id, at: targetOffset, caller)
            } catch {
                volume.room.giveBack(claim)
                throw error
            }
            volume.room.use(claim)
            target.state.withLock { state in
                // Asked again when it is read next.
                state.extents = nil
                state.commits += 1
                state.isVolatile = true
                state.take(record)
            }
            invalidateMode(of: target.id, ifChangedFrom: old, to: record.attributes.mode)
        }
        return length
    }

    /// How many bytes more a file has when it shares a range of another.
    private func sharedGrowth(
        _ range: Range<UInt64>,
        of source: StoredFile,
        with target: StoredFile,
        at offset: UInt64
    ) async throws(Errno) -> UInt64 {
        let shared = try await volume.engine.extents(of: source.id, in: range)
            .reduce(0) { $0 + $1.range.clamped(to: range).length }
        try await volume.loadExtents(of: target)
        let there = target.state.withLock { range.length - $0.growth(in: offset..<offset + range.length) }
        return shared - min(shared, there)
    }

    /// Makes everything durable (`syncfs`).
    ///
    /// - Throws: `EIO`, `ENOSPC`, `EDQUOT`.
    public func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno) {
        var failure: Errno?
        for file in volume.dirtyFiles.all {
            do throws(Errno) { try await volume.flush(file, durably: false) } catch { failure = error }
        }
        try await volume.engine.synchronize()
        if let failure { throw failure }
    }
}

extension StoredFile.State {
    /// Whether there is data at an offset, and up to where that is so.
    fileprivate func runForSeeking(at offset: UInt64, limit: UInt64) -> (isData: Bool, end: UInt64) {
        let (run, end) = run(at: offset, limit: limit)
        guard case .zeros = run else { return (true, end) }
        // Zeros that were allocated, or nothing.
        return (extents?.extent(at: offset).extent != nil, end)
    }

    /// What has to be allocated so that a range has no holes.
    fileprivate func zeros(in range: Range<UInt64>) -> [Extent] {
        var zeros: [Extent] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let found = extents?.extent(at: position) ?? (nil, .max)
            let end = min(found.end, range.upperBound)
            if found.extent == nil {
                zeros.append(Extent(offset: position, length: end - position, place: .zeros))
            }
            position = end
        }
        return zeros
    }
}
