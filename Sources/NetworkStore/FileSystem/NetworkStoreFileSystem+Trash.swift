internal import FoundationEssentials
internal import RingFUSE
internal import SystemPackage

// The trash of a volume that is mounted is asked for and told what to do by an extended attribute of directories that no listing
// tells, as quotas are: the kernel lets only the superuser near names that begin with `trusted.`.

extension NetworkStoreFileSystem {
    /// Bytes of an extended attribute at the most (`XATTR_SIZE_MAX`).
    private static let largestAnswer = 65_536
    /// Entries that are told at once, at the most.
    private static let largestPage = 300

    /// What an attribute tells of the trash; `nil` where it is about something else.
    ///
    /// - Throws: `ENODATA` for one that is not so much as a time; `EIO`, `ESTALE`.
    func trash(named name: StoredName) async throws(Errno) -> ContiguousArray<UInt8>? {
        guard name.bytes.starts(with: StoredName.trash.bytes) else { return nil }
        let rest = name.bytes.dropFirst(StoredName.trash.bytes.count)
        guard !rest.isEmpty else { return try Self.json(try await TrashCan(volume.engine).state()) }
        guard rest.first == UInt8(ascii: "."), let time = UInt64(String(decoding: rest.dropFirst(), as: UTF8.self))
        else { throw .noData }
        return try await items(after: time)
    }

    /// Entries as JSON: as many as fit.
    private func items(after time: UInt64) async throws(Errno) -> ContiguousArray<UInt8> {
        var items = try await TrashCan(volume.engine).items(after: time, limit: Self.largestPage)
        while true {
            let json = try Self.json(items)
            guard json.count > Self.largestAnswer else { return json }
            if items.count == 1 {
                // Longer than any path that a program can name: it has to be restored to elsewhere.
                items[0].path = nil
            } else {
                let next = items[items.count / 2].time
                items.removeLast(items.count - items.count / 2)
                // Whoever asks for later ones would miss those of the same moment.
                if items[0].time != next { items.removeAll { $0.time == next } }
            }
        }
    }

    /// Does what is asked for: ``TrashRequest`` as JSON.
    ///
    /// - Throws: `EINVAL` where it is none; as ``TrashCan/restore(_:to:)``.
    func perform(_ request: ContiguousArray<UInt8>) async throws(Errno) {
        guard let request = try? JSONDecoder().decode(TrashRequest.self, from: Data(request)) else {
            throw .invalidArgument
        }
        let can = TrashCan(volume.engine)
        switch request {
        case .keep(let seconds): try await volume.engine.setTrashAge(seconds)
        case .restore(let entry, let directory):
            let changes = try await can.restore(NodeID(entry), to: directory.map { NodeID($0) })
            if let record = try? await volume.engine.node(NodeID(entry)) { take(record) }
            // The kernel may know that there was no such name.
            invalidate(changes)
        case .discard(let end):
            _ = try await can.discard(
                before: end, limit: TrashRequest.limit, inUse: { self.nodes.isInUse($0) }, left: { self.leave($0) })
        }
    }

    /// A node that is in use has left the trash: it goes when it is not.
    func leave(_ record: NodeRecord) {
        take(record)
        settle(record)
    }

    private static func json(_ value: some Encodable) throws(Errno) -> ContiguousArray<UInt8> {
        guard let json = try? JSONEncoder().encode(value) else { throw .ioError }
        return ContiguousArray(json)
    }
}

extension StoredName {
    /// The extended attribute by which the trash is asked for.
    static let trash = StoredName(TrashRequest.attribute)
}
