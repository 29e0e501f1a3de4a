internal import RingFUSE
internal import SystemPackage

extension RowCache {
    /// What a transaction finds when it begins.
    struct Beginning {
        /// Transactions of this session that the database has.
        var commits: Int64
        /// Sessions that there are, this one included.
        var sessions: Int
    }

    /// Begins a transaction, and reads what operations need: one round trip.
    ///
    /// - Parameter session: this one; its row is locked, so that nobody ends it before the transaction is over.
    /// - Returns: `nil` where there is no such session any more.
    func begin(_ needs: RowNeeds, session: Int64) throws(PostgreSQLFailure) -> Beginning? {
        clear()
        try connection.send(text: "BEGIN")
        try connection.send(.lockSession, PostgreSQLParameters(session))
        let nodes = Array(Set(needs.nodes)).sorted { $0.rawValue < $1.rawValue }
        let places = Array(Set(needs.names))
        if !nodes.isEmpty { try connection.send(.lockNodes, Self.numbers(nodes)) }
        if !places.isEmpty {
            try connection.send(.lockNames, Self.parameters(of: places))
            try connection.send(.lockChildren, Self.parameters(of: places))
        }
        if !needs.unlinked.isEmpty { try connection.send(.lockUnlinked, Self.numbers(needs.unlinked)) }
        if !needs.pending.isEmpty { try connection.send(.lockPending, Self.numbers(needs.pending)) }
        for (file, range) in needs.extents { try sendExtents(of: file, in: range) }
        let needsObjects = !needs.objects.isEmpty || !needs.extents.isEmpty
        if needsObjects { try sendObjects(needs.objects, of: needs.extents) }
        let files = Array(Set(needs.locks))
        if !files.isEmpty { try sendQuestionForLocks(on: files) }
        var results = try connection.exchange().dropFirst()
        guard let own = results.popFirst(), own.count == 1 else { return nil }
        if !nodes.isEmpty, let rows = results.popFirst() { keepNodes(rows, of: nodes) }
        if !places.isEmpty, let rows = results.popFirst(), let children = results.popFirst() {
            keepNames(rows, of: places)
            keepNodes(children, of: [])
        }
        if !needs.unlinked.isEmpty, let rows = results.popFirst() { keepUnlinked(rows, of: needs.unlinked) }
        if !needs.pending.isEmpty, let rows = results.popFirst() { keepPending(rows, of: needs.pending) }
        for (file, range) in needs.extents {
            guard let rows = results.popFirst() else { break }
            do throws(Errno) {
                try keepExtents(rows, of: file, in: range)
            } catch {
                throw PostgreSQLFailure(state: "XX001", "file \(file) has an extent that is none")
            }
        }
        if needsObjects, let rows = results.popFirst() { keepObjects(rows, of: needs.objects) }
        if !files.isEmpty, let rows = results.popFirst(), let waits = results.popFirst() {
            keepLocks(rows, waits, on: files)
        }
        return Beginning(commits: own[0].int64(0), sessions: Int(own[0].int64(1)))
    }

    static func numbers(_ nodes: [NodeID]) -> PostgreSQLParameters { numbers(nodes.map(\.rawValue)) }

    static func numbers(_ numbers: [UInt64]) -> PostgreSQLParameters {
        var parameters = PostgreSQLParameters()
        parameters.add(numbers)
        return parameters
    }
}
