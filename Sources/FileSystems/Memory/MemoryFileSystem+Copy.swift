public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Bytes that one call copies at the most, so that it does not keep its worker too long.
    static let copyLimit: UInt64 = 16 << 20
    /// Bytes that are copied under a lock at a time.
    private static let copyPiece = 256 << 10

    /// Copies between files, holes as holes.
    ///
    /// Piece by piece, since two nodes are never locked at once; others may write between two pieces.
    /// - Returns: the number of bytes copied: fewer than asked for at the source's end, beyond 16 MiB, or when space
    ///   runs out; programs then ask again.
    /// - Throws: `EINVAL` for ranges of one file that overlap; `EPERM` for an immutable target; `ENOSPC`, `EFBIG`,
    ///   `EISDIR`, `ESTALE`.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) throws(Errno) -> UInt64 {
        let from = try file(source.node)
        let to = try file(target.node)
        // The end as it is now: a copy within one file may move it, and would then go on with what it has copied.
        let size = from.state.withLock { $0.content.size }
        guard sourceOffset < size else { return 0 }
        let length = min(length, size - sourceOffset, Self.copyLimit)
        let sourceRange = try FileContent.range(at: sourceOffset, length: length)
        let targetRange = try FileContent.range(at: targetOffset, length: length)
        guard !to.flags.contains(.immutable) else { throw .notPermitted }
        guard from !== to || !sourceRange.overlaps(targetRange) else { throw .invalidArgument }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.copyPiece, alignment: 16)
        defer { unsafe piece.deallocate() }
        var copied: UInt64 = 0
        while copied < length {
            let run = from.state.withLock {
                $0.content.run(from: sourceOffset + copied, limit: min(length - copied, UInt64(Self.copyPiece)))
            }
            guard run.count > 0 else { break }
            do throws(Errno) {
                copied += try unsafe copy(
                    run,
                    of: from,
                    at: sourceOffset + copied,
                    to: to,
                    at: targetOffset + copied,
                    through: piece
                )
            } catch {
                guard copied > 0 else { throw error }
                break
            }
        }
        guard copied > 0 else { return 0 }
        let now = Timestamp.now
        let dropsPrivileges = context.userID != 0
        from.state.withLock { $0.accessed(at: now) }
        let loss = to.state.withLock { state in
            state.modified(at: now)
            return state.dropPrivileges(setID: dropsPrivileges, budget: budget)
        }
        settle(loss, of: to, context)
        return copied
    }

    /// Copies a run of data, or makes a hole like it.
    ///
    /// - Returns: the number of bytes.
    @unsafe
    private func copy(
        _ run: FileContent.Run,
        of source: MemoryNode,
        at sourceOffset: UInt64,
        to target: MemoryNode,
        at targetOffset: UInt64,
        through piece: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> UInt64 {
        guard run.isData else {
            try target.state.withLock { (state) throws(Errno) in
                let range = try FileContent.range(at: targetOffset, length: run.count)
                state.content.punchHole(range)
                if state.content.size < range.upperBound { try state.content.resize(to: range.upperBound) }
            }
            return run.count
        }
        var buffer = unsafe OutputRawSpan(buffer: piece, initializedCount: 0)
        source.state.withLock { _ = $0.content.read(at: sourceOffset, into: &buffer, limit: Int(run.count)) }
        let count = unsafe buffer.finalize(for: piece)
        let data = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        return UInt64(
            try target.state.withLock { (state) throws(Errno) in
                try state.content.write(data, at: targetOffset, whole: false)
            }
        )
    }
}

extension FileContent {
    /// Neighbouring bytes that are all data or all hole.
    struct Run {
        /// Whether they are data.
        let isData: Bool
        /// How many; 0 at the end of the file.
        let count: UInt64
    }

    /// The run that starts at an offset.
    func run(from offset: UInt64, limit: UInt64) -> Run {
        guard offset < size else { return Run(isData: false, count: 0) }
        let data = seek(data: true, from: offset) ?? size
        let isData = data == offset
        let end = isData ? seek(data: false, from: offset) ?? size : data
        return Run(isData: isData, count: min(limit, end - offset))
    }
}
