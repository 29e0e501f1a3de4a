internal import RingFUSE
internal import SystemPackage

/// Bytes of memory that are filled at a time.
private let partSize: UInt64 = 2 << 20

extension JournalReplay {
    /// Commits a change, in parts where it is large: only the last one is noted, sets the time, and is what others see of it.
    func commit(
        _ change: JournalChange,
        _ content: ArraySlice<UInt8>,
        _ tag: JournalTag,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) -> NodeRecord {
        var last = ContentChange(of: change.node)
        var rest = content
        if content.count <= volume.limits.inlineBytes {
            for range in change.ranges {
                let bytes = ContiguousArray(rest.prefix(Int(range.length)))
                last.extents.append(Extent(offset: range.lowerBound, length: range.length, place: .inline(bytes)))
                rest = rest.dropFirst(bytes.count)
            }
        } else {
            var part = DirtyMap(blockSize: volume.blockSize)
            for range in change.ranges {
                var range = range
                while !range.isEmpty {
                    let size = UInt64(volume.blockSize)
                    let end = min(range.upperBound, (range.lowerBound / size + 1) * size)
                    try fill(&part, range.lowerBound..<end, rest.prefix(Int(end - range.lowerBound)))
                    rest = rest.dropFirst(Int(end - range.lowerBound))
                    range = end..<range.upperBound
                    guard UInt64(part.chunks.count) * size >= partSize, !(rest.isEmpty) else { continue }
                    var change = ContentChange(of: change.node)
                    try await volume.writer.store(part, into: &change, io)
                    _ = try await committed(change)
                    part = DirtyMap(blockSize: volume.blockSize)
                }
            }
            try await volume.writer.store(part, into: &last, io)
        }
        last.size = change.size
        last.time = change.time
        last.attributes = change.held
        last.tag = tag.name
        return try await committed(last)
    }

    /// Puts bytes of one block of a file into memory.
    private func fill(
        _ part: inout DirtyMap,
        _ range: Range<UInt64>,
        _ bytes: ArraySlice<UInt8>
    ) throws(VolumeFailure) {
        let index = range.lowerBound / UInt64(volume.blockSize)
        let fresh = part.block(index) == nil ? volume.cache.take() : nil
        guard fresh != nil || part.block(index) != nil else { throw .engine(.noMemory) }
        let place = Int(range.lowerBound - index * UInt64(volume.blockSize))
        unsafe bytes.withUnsafeBytes {
            unsafe part.write(RawSpan(_unsafeBytes: $0), to: index, at: place, fresh: fresh)
        }
    }

    private func committed(_ change: ContentChange) async throws(VolumeFailure) -> NodeRecord {
        do throws(Errno) {
            return try await volume.engine.commit(change, durably: false)
        } catch {
            throw .engine(error)
        }
    }
}
