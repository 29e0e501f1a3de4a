internal import RingFUSE
internal import SystemPackage

// The rows of a volume, on the connection that writes: extents and objects.

extension Database {
    // MARK: Extents

    /// Adds an extent.
    func insertExtent(_ extent: Extent, of file: NodeID) throws(Errno) {
        let statement = try statement(.insertExtent)
        statement.bind(1, file)
        statement.bind(2, extent.offset)
        statement.bind(3, extent.length)
        statement.bind(4, 0 as Int64)
        statement.bind(5, 0 as Int64)
        statement.bindNothing(6)
        switch extent.place {
        case .object(let number, let start):
            statement.bind(4, number)
            statement.bind(5, start)
        case .inline(let bytes): statement.bind(6, try cipher.seal(bytes))
        case .zeros: break
        }
        try statement.run()
    }

    /// Removes the extent that begins at an offset.
    func deleteExtent(at offset: UInt64, of file: NodeID) throws(Errno) {
        let statement = try statement(.deleteExtent)
        statement.bind(1, file)
        statement.bind(2, offset)
        try statement.run()
    }

    // MARK: Objects

    /// Numbers of new objects.
    func takeObjects(_ count: Int, _ state: inout VolumeState) throws(Errno) -> Range<ObjectNumber> {
        guard UInt64(count) < UInt64(Int64.max) - state.nextObject else { throw .invalidArgument }
        let numbers = state.nextObject..<state.nextObject + UInt64(count)
        state.nextObject = numbers.upperBound
        return numbers
    }

    /// How long an object is, and how many extents refer to it.
    func use(of object: ObjectNumber) throws(Errno) -> (length: UInt64, extents: Int)? {
        let row = try statement(.objectUse)
        defer { row.reset() }
        row.bind(1, object)
        return try row.step() ? (row.uint64(0), Int(row.int64(1))) : nil
    }

    /// Adds an object that no extent refers to.
    func insertObject(_ object: ObjectRecord, freed: Int64) throws(Errno) {
        let statement = try statement(.insertObject)
        statement.bind(1, object.number)
        statement.bind(2, object.length)
        statement.bind(3, object.layout)
        statement.bind(4, 0 as Int64)
        statement.bind(5, 0 as Int64)
        statement.bind(6, freed)
        try statement.run()
    }

    /// Changes what an object is counted for.
    func changeUse(of object: ObjectNumber, extents: Int, bytes: Int64, freed: Int64) throws(Errno) {
        let statement = try statement(.useObject)
        statement.bind(1, object)
        statement.bind(2, Int64(extents))
        statement.bind(3, bytes)
        statement.bind(4, freed)
        try statement.run()
    }

    /// Removes an object that no extent refers to.
    func deleteObject(_ number: ObjectNumber) throws(Errno) {
        let statement = try statement(.deleteObject)
        statement.bind(1, number)
        try statement.run()
    }

    /// Notes a number as pending.
    func insertPending(_ number: ObjectNumber, session: Int64) throws(Errno) {
        let statement = try statement(.insertPending)
        statement.bind(1, number)
        statement.bind(2, session)
        try statement.run()
    }

    /// Removes a number that is pending for a session.
    func deletePending(_ number: ObjectNumber, session: Int64) throws(Errno) -> Bool {
        let before = changeCount
        let statement = try statement(.deletePending)
        statement.bind(1, number)
        statement.bind(2, session)
        try statement.run()
        return changeCount != before
    }
}
