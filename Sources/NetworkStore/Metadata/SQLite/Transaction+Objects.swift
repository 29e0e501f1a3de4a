internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Objects: which numbers are taken, what refers to them, which are garbage.

extension Transaction {
    /// Takes numbers: ``MetadataEngine/reserveObjects(_:)``.
    func reserveObjects(_ count: Int) throws(Errno) -> Range<ObjectNumber> {
        guard count >= 0, UInt64(count) < UInt64(Int64.max) - state.nextObject else { throw .invalidArgument }
        let numbers = state.nextObject..<state.nextObject + UInt64(count)
        let statement = try database.statement(.insertPending)
        for number in numbers {
            statement.bind(1, number)
            statement.bind(2, session)
            try statement.run()
        }
        state.nextObject = numbers.upperBound
        return numbers
    }

    /// Notes an object that is in the store: garbage until an extent refers to it.
    ///
    /// - Throws: `EINVAL` where its number is not pending for this session.
    func insert(_ object: ObjectRecord) throws(Errno) {
        guard object.length <= NodeRow.largestSize, try deletePending(object.number) else { throw .invalidArgument }
        let statement = try database.statement(.insertObject)
        statement.bind(1, object.number)
        statement.bind(2, object.length)
        statement.bind(3, object.layout)
        statement.bind(4, 0 as Int64)
        statement.bind(5, 0 as Int64)
        statement.bind(6, Timestamp.now.seconds)
        try statement.run()
        state.garbageBytes += object.length
        revivable.insert(object.number)
    }

    /// Removes a number that is pending for this session.
    ///
    /// - Returns: whether it was.
    private func deletePending(_ number: ObjectNumber) throws(Errno) -> Bool {
        let before = database.changeCount
        let statement = try database.statement(.deletePending)
        statement.bind(1, number)
        statement.bind(2, session)
        try statement.run()
        return database.changeCount != before
    }

    /// Notes that an extent refers to an object.
    ///
    /// - Parameter end: the byte of the object that it ends before.
    /// - Throws: `EINVAL` where there is no such object, or not as many bytes in it.
    func use(_ number: ObjectNumber, upTo end: UInt64, bytes: UInt64) throws(Errno) {
        guard let object = try use(of: number), end <= object.length, object.extents > 0 || revivable.contains(number)
        else { throw .invalidArgument }
        if object.extents == 0 { state.garbageBytes -= min(state.garbageBytes, object.length) }
        try change(number, extents: 1, bytes: Int64(bytes), freed: 0)
    }

    /// Notes that fewer bytes of an object are referred to: by fewer extents, as many, or by one more, where one was cut in
    /// two.
    func release(_ number: ObjectNumber, extents: Int, bytes: UInt64) throws(Errno) {
        guard let object = try use(of: number) else { throw .ioError }
        let isFreed = object.extents + extents <= 0
        if isFreed {
            state.garbageBytes += object.length
            revivable.insert(number)
        }
        try change(number, extents: extents, bytes: -Int64(bytes), freed: isFreed ? Timestamp.now.seconds : 0)
    }

    /// How long an object is, and how many extents refer to it; `nil` where there is none.
    private func use(of number: ObjectNumber) throws(Errno) -> (length: UInt64, extents: Int)? {
        let row = try database.statement(.objectUse)
        defer { row.reset() }
        row.bind(1, number)
        return try row.step() ? (row.uint64(0), Int(row.int64(1))) : nil
    }

    /// Changes what an object is counted for.
    private func change(_ number: ObjectNumber, extents: Int, bytes: Int64, freed: Int64) throws(Errno) {
        let statement = try database.statement(.useObject)
        statement.bind(1, number)
        statement.bind(2, Int64(extents))
        statement.bind(3, bytes)
        statement.bind(4, freed)
        try statement.run()
    }

    /// Forgets numbers: ``MetadataEngine/forget(_:)``.
    func forget(_ objects: [ObjectNumber]) throws(Errno) {
        for number in objects {
            if let object = try use(of: number) {
                guard object.extents == 0 else { continue }
                let statement = try database.statement(.deleteObject)
                statement.bind(1, number)
                try statement.run()
                state.garbageBytes -= min(state.garbageBytes, object.length)
            } else {
                _ = try deletePending(number)
            }
        }
    }

    // MARK: Sessions

    /// Ends all sessions but this one, or this one too: nodes that they leave without names go, and objects that they have
    /// pending are garbage, of which nobody knows how long it is.
    func endSessions(withOwn: Bool) throws(Errno) {
        let kept = withOwn ? -1 : session
        hasEnded = withOwn
        do throws(SQLiteFailure) {
            for node in try numbers("SELECT node FROM unlinked WHERE session <> \(kept)") {
                do throws(Errno) {
                    try dispose(of: NodeID(node))
                } catch {
                    throw SQLiteFailure("a node without a name cannot be disposed of: \(error)")
                }
            }
            try database.execute(
                """
                INSERT INTO objects (number, length, layout, extents, live, freed)
                    SELECT number, 0, x'', 0, 0, \(Timestamp.now.seconds) FROM pending WHERE session <> \(kept);
                DELETE FROM pending WHERE session <> \(kept);
                DELETE FROM sessions WHERE epoch <> \(kept)
                """)
        } catch {
            throw error.errno
        }
    }

    /// All numbers that a query gives.
    private func numbers(_ text: String) throws(SQLiteFailure) -> [UInt64] {
        let statement = try database.prepare(text)
        var numbers: [UInt64] = []
        while try statement.next() { numbers.append(statement.uint64(0)) }
        return numbers
    }
}
