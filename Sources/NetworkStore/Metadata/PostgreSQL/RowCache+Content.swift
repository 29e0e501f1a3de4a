internal import RingFUSE
internal import SystemPackage

// Extents and objects. The extents of a file belong to whoever has its node's row; an object may have extents of several files.

extension RowCache {
    // MARK: Extents

    /// The extents that overlap a range.
    func extents(of file: NodeID, in range: Range<UInt64>) throws(Errno) -> [Extent] {
        let range = range.clamped(to: 0..<NodeRow.largestSize)
        guard !range.isEmpty else { return [] }
        let unknown = (extents[file] ?? CachedExtents()).unknown(of: range)
        if !unknown.isEmpty {
            let results = try ask { () throws(PostgreSQLFailure) in
                for part in unknown { try sendExtents(of: file, in: part) }
                try sendObjects([], of: unknown.map { (file, $0) })
                return try connection.exchange()
            }
            for (index, part) in unknown.enumerated() { try keepExtents(results[index], of: file, in: part) }
            keepObjects(results[unknown.count], of: [])
        }
        return (extents[file] ?? CachedExtents()).overlapping(range)
    }

    /// Asks for extents.
    func sendExtents(of file: NodeID, in range: Range<UInt64>) throws(PostgreSQLFailure) {
        var parameters = PostgreSQLParameters()
        parameters.add(file)
        parameters.add(range.lowerBound)
        parameters.add(min(range.upperBound, NodeRow.largestSize))
        try connection.send(.lockExtents, parameters)
    }

    /// Asks for objects, and locks them: some by their numbers, and those of extents, since who needs the ones will change the others.
    func sendObjects(
        _ numbers: [ObjectNumber],
        of ranges: [(file: NodeID, range: Range<UInt64>)]
    ) throws(PostgreSQLFailure) {
        var parameters = PostgreSQLParameters()
        parameters.add(numbers)
        parameters.add(ranges.map(\.file.rawValue))
        parameters.add(ranges.map(\.range.lowerBound))
        parameters.add(ranges.map { min($0.range.upperBound, NodeRow.largestSize) })
        try connection.send(.lockObjects, parameters)
    }

    /// Keeps extents that were read.
    func keepExtents(_ rows: PostgreSQLRows, of file: NodeID, in range: Range<UInt64>) throws(Errno) {
        var found: [Extent] = []
        for index in 0..<rows.count {
            // Who removes files needs no key, only how long their content is.
            let extent = try rows[index].extent(cipher, mayBeUnknown: true)
            // The first one may end before the range.
            if extent.range.overlaps(range) { found.append(extent) }
        }
        var map = extents[file] ?? CachedExtents()
        map.keep(found, of: range)
        extents[file] = map
    }

    /// Adds an extent.
    ///
    /// - Throws: `ENOKEY` for small content that cannot be encrypted.
    func insertExtent(_ extent: Extent, of file: NodeID) throws(Errno) {
        if case .inline = extent.place { try cipher.checkKey() }
        changeExtents(of: file) { $0.insert(extent) }
    }

    /// Removes the extent that begins at an offset.
    func deleteExtent(at offset: UInt64, of file: NodeID) throws(Errno) {
        changeExtents(of: file) { $0.remove(at: offset) }
    }

    /// Changes extents in place; the copy for ``undo()`` is made once for each operation.
    private func changeExtents(of file: NodeID, _ change: (inout CachedExtents) -> Void) {
        noteExtents(of: file)
        change(&extents[file, default: CachedExtents()])
    }

    // MARK: Objects

    /// How long an object is, and how many extents refer to it.
    func use(of object: ObjectNumber) throws(Errno) -> (length: UInt64, extents: Int)? {
        if objects[object] == nil {
            let results = try ask { () throws(PostgreSQLFailure) in
                try sendObjects([object], of: [])
                return try connection.exchange()
            }
            keepObjects(results[0], of: [object])
        }
        return objects[object]?.value.map { ($0.length, $0.extents) }
    }

    /// Keeps objects that were read.
    ///
    /// - Parameter numbers: what was asked for: others there are not.
    func keepObjects(_ rows: PostgreSQLRows, of numbers: [ObjectNumber]) {
        for index in 0..<rows.count {
            let row = rows[index]
            guard objects[row.uint64(0)] == nil else { continue }
            objects[row.uint64(0)] = Slot(
                isStored: true,
                value: CachedObject(
                    length: row.uint64(1), extents: Int(row.int64(2)), live: row.int64(3), freed: row.int64(4)))
        }
        for number in numbers where objects[number] == nil { objects[number] = Slot(isStored: false, value: nil) }
    }

    /// Adds an object that no extent refers to. Its number was pending, so there is none.
    func insertObject(_ object: ObjectRecord, freed: Int64) throws(Errno) {
        let slot = objects[object.number] ?? Slot(isStored: false, value: nil)
        guard slot.value == nil else { throw .ioError }
        note(.object(object.number, objects[object.number]))
        objects[object.number] = slot.changed(
            to: CachedObject(length: object.length, extents: 0, live: 0, freed: freed, layout: object.layout))
    }

    /// Changes what an object is counted for.
    func changeUse(of object: ObjectNumber, extents: Int, bytes: Int64, freed: Int64) throws(Errno) {
        guard let slot = objects[object], var value = slot.value else { throw .ioError }
        note(.object(object, slot))
        value.extents += extents
        value.live += bytes
        value.freed = freed
        objects[object] = slot.changed(to: value)
    }

    /// Removes an object that no extent refers to.
    func deleteObject(_ number: ObjectNumber) throws(Errno) {
        guard let slot = objects[number] else { throw .ioError }
        note(.object(number, slot))
        objects[number] = slot.changed(to: nil)
    }

    // MARK: Pending numbers

    /// Notes a number as pending.
    func insertPending(_ number: ObjectNumber, session: Int64) throws(Errno) {
        note(.pending(number, pending[number]))
        pending[number] = (pending[number] ?? Slot(isStored: false, value: nil)).changed(to: session)
    }

    /// Removes a number that is pending for a session.
    func deletePending(_ number: ObjectNumber, session: Int64) throws(Errno) -> Bool {
        if pending[number] == nil {
            let rows = try ask { () throws(PostgreSQLFailure) in
                var parameters = PostgreSQLParameters()
                parameters.add([number])
                return try connection.run(.lockPending, parameters)
            }
            keepPending(rows, of: [number])
        }
        guard let slot = pending[number], slot.value == session else { return false }
        note(.pending(number, slot))
        pending[number] = slot.changed(to: nil)
        return true
    }

    /// Keeps pending numbers that were read.
    func keepPending(_ rows: PostgreSQLRows, of numbers: [ObjectNumber]) {
        for index in 0..<rows.count where pending[rows[index].uint64(0)] == nil {
            pending[rows[index].uint64(0)] = Slot(isStored: true, value: rows[index].int64(1))
        }
        for number in numbers where pending[number] == nil { pending[number] = Slot(isStored: false, value: nil) }
    }
}
