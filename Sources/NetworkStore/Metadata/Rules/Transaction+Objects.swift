internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Objects: which numbers are taken, what refers to them, which are garbage.

extension Transaction {
    /// Takes numbers: ``MetadataEngine/reserveObjects(_:)``.
    func reserveObjects(_ count: Int) throws(Errno) -> Range<ObjectNumber> {
        guard count >= 0 else { throw .invalidArgument }
        let numbers = try rows.takeObjects(count, &state)
        for number in numbers { try rows.insertPending(number, session: session) }
        return numbers
    }

    /// Notes an object that is in the store: garbage until an extent refers to it.
    ///
    /// - Throws: `EINVAL` where its number is not pending for this session.
    func insert(_ object: ObjectRecord) throws(Errno) {
        guard object.length <= NodeRow.largestSize, try rows.deletePending(object.number, session: session)
        else { throw .invalidArgument }
        try rows.insertObject(object, freed: Timestamp.now.seconds)
        state.garbageBytes += Int64(object.length)
        revivable.insert(object.number)
    }

    /// Notes that an extent refers to an object.
    ///
    /// - Parameter end: the byte of the object that it ends before.
    /// - Throws: `EINVAL` where there is no such object, or not as many bytes in it.
    func use(_ number: ObjectNumber, upTo end: UInt64, bytes: UInt64) throws(Errno) {
        guard let object = try rows.use(of: number), end <= object.length,
            object.extents > 0 || revivable.contains(number)
        else { throw .invalidArgument }
        if object.extents == 0 { state.garbageBytes -= Int64(object.length) }
        try rows.changeUse(of: number, extents: 1, bytes: Int64(bytes), freed: 0)
    }

    /// Notes that fewer bytes of an object are referred to: by fewer extents, as many, or by one more, where one was cut in
    /// two.
    func release(_ number: ObjectNumber, extents: Int, bytes: UInt64) throws(Errno) {
        guard let object = try rows.use(of: number) else { throw .ioError }
        let isFreed = object.extents + extents <= 0
        if isFreed {
            state.garbageBytes += Int64(object.length)
            revivable.insert(number)
        }
        try rows.changeUse(
            of: number, extents: extents, bytes: -Int64(bytes), freed: isFreed ? Timestamp.now.seconds : 0)
    }

    /// Forgets numbers: ``MetadataEngine/forget(_:)``.
    func forget(_ objects: [ObjectNumber]) throws(Errno) {
        for number in objects {
            if let object = try rows.use(of: number) {
                guard object.extents == 0 else { continue }
                try rows.deleteObject(number)
                state.garbageBytes -= Int64(object.length)
            } else {
                _ = try rows.deletePending(number, session: session)
            }
        }
    }
}
