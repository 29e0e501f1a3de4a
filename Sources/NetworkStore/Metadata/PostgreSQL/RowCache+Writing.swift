internal import RingFUSE
internal import SystemPackage

// What operations have changed goes to the server: statements are sent here, and nobody waits.

extension RowCache {
    /// Sends all changes.
    func sendChanges() throws(PostgreSQLFailure) {
        try sendNodes()
        try sendNames()
        try sendAttributes()
        try sendExtents()
        try sendObjects()
        try sendQuotas()
        try sendLocks()
    }

    /// What others may know and find otherwise.
    var changes: ForeignChanges {
        var changes = ForeignChanges()
        // Nobody knows what is new.
        changes.nodes = nodes.filter { $0.value.isDirty && $0.value.isStored }.map(\.key)
        // That a name is missing is something to know, too. The trash nobody knows, nor what a journal is told.
        changes.names = names.filter { $0.value.isDirty && ![.trash, .journal].contains($0.key.directory) }.map(\.key)
        changes.locks = locks.filter { $0.value.concernsOthers }.map(\.key) + freedLocks
        return changes
    }

    private func sendNodes() throws(PostgreSQLFailure) {
        var gone: [UInt64] = []
        for (id, slot) in nodes where slot.isDirty {
            guard let node = slot.value else {
                if slot.isStored { gone.append(id.rawValue) }
                continue
            }
            var parameters = PostgreSQLParameters()
            parameters.add(node.row)
            guard !slot.isStored else {
                try connection.send(.updateNode, parameters)
                continue
            }
            if let target = node.target { parameters.add(target.bytes) } else { parameters.addNothing() }
            try connection.send(.insertNode, parameters)
        }
        try send(.deleteNode, gone)
        gone = []
        for (id, slot) in unlinked where slot.isDirty {
            if slot.isStored { gone.append(id.rawValue) }
        }
        try send(.deleteUnlinked, gone)
        for (id, slot) in unlinked where slot.isDirty {
            guard let note = slot.value else { continue }
            try connection.send(
                .insertUnlinked,
                PostgreSQLParameters(Int64(bitPattern: id.rawValue), note.session, note.isLinkable ? 1 : 0))
        }
    }

    private func sendNames() throws(PostgreSQLFailure) {
        for (place, slot) in names where slot.isDirty {
            guard slot.isStored || slot.value != nil else { continue }
            var parameters = PostgreSQLParameters()
            parameters.add(place.directory)
            parameters.add(place.name.bytes)
            guard let value = slot.value else {
                try connection.send(.deleteName, parameters)
                continue
            }
            parameters.add(value.cookie)
            parameters.add(value.node)
            try connection.send(slot.isStored ? .updateName : .insertName, parameters)
        }
    }

    private func sendAttributes() throws(PostgreSQLFailure) {
        for (node, set) in attributes {
            for (name, slot) in set where slot.isDirty {
                guard slot.isStored || slot.value != nil else { continue }
                var parameters = PostgreSQLParameters()
                parameters.add(node)
                parameters.add(name.bytes)
                if let value = slot.value { parameters.add(value) }
                try connection.send(slot.value == nil ? .deleteAttribute : .setAttribute, parameters)
            }
        }
    }

    private func sendExtents() throws(PostgreSQLFailure) {
        for (file, map) in extents {
            var gone: [UInt64] = []
            for (offset, slot) in map.slots where slot.isDirty {
                guard let extent = slot.value else {
                    if slot.isStored { gone.append(offset) }
                    continue
                }
                var parameters = PostgreSQLParameters()
                parameters.add(file)
                parameters.add(offset)
                parameters.add(extent.length)
                switch extent.place {
                case .object(let number, let start):
                    parameters.add(number)
                    parameters.add(start)
                    parameters.addNothing()
                case .inline(let bytes):
                    parameters.add(0 as Int64)
                    parameters.add(0 as Int64)
                    parameters.add(try sealed(bytes))
                case .zeros:
                    parameters.add(0 as Int64)
                    parameters.add(0 as Int64)
                    parameters.addNothing()
                }
                try connection.send(slot.isStored ? .updateExtent : .insertExtent, parameters)
            }
            guard !gone.isEmpty else { continue }
            var parameters = PostgreSQLParameters()
            parameters.add(file)
            parameters.add(gone)
            try connection.send(.deleteExtent, parameters)
        }
    }

    /// Small content as the database keeps it. That there is a key was checked when it came.
    private func sealed(_ bytes: ContiguousArray<UInt8>) throws(PostgreSQLFailure) -> ContiguousArray<UInt8> {
        do throws(Errno) { return try cipher.seal(bytes) } catch {
            throw PostgreSQLFailure(state: "XX000", "small content cannot be encrypted: \(error)")
        }
    }

    private func sendObjects() throws(PostgreSQLFailure) {
        var gone: [UInt64] = []
        for (number, slot) in objects where slot.isDirty {
            guard let object = slot.value else {
                if slot.isStored { gone.append(number) }
                continue
            }
            var parameters = PostgreSQLParameters()
            parameters.add(number)
            parameters.add(object.length)
            parameters.add(Int64(object.extents))
            parameters.add(object.live)
            parameters.add(object.freed)
            if !slot.isStored { parameters.add(object.layout ?? []) }
            try connection.send(slot.isStored ? .updateObject : .insertObject, parameters)
        }
        try send(.deleteObject, gone)
        gone = []
        var new: [Int64: [UInt64]] = [:]
        for (number, slot) in pending where slot.isDirty {
            if slot.isStored { gone.append(number) }
            if let session = slot.value { new[session, default: []].append(number) }
        }
        try send(.deletePending, gone)
        for (session, numbers) in new {
            var parameters = PostgreSQLParameters()
            parameters.add(numbers)
            parameters.add(session)
            try connection.send(.insertPending, parameters)
        }
    }

    /// Sends a statement for all rows of some numbers, if there are any.
    private func send(_ statement: PostgreSQLStatement, _ numbers: [UInt64]) throws(PostgreSQLFailure) {
        guard !numbers.isEmpty else { return }
        var parameters = PostgreSQLParameters()
        parameters.add(numbers)
        try connection.send(statement, parameters)
    }
}
