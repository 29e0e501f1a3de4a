internal import RingFUSE
internal import SystemPackage

/// The extended attributes of a node.
struct ExtendedAttributes {
    /// Values by name.
    private var values: [StoredName: ContiguousArray<UInt8>] = [:]
    /// Bytes of all names with their NULs.
    private var listSize = 0

    /// Bytes that count against the budget.
    private(set) var chargedBytes = 0

    /// Whether there are none.
    var isEmpty: Bool { values.isEmpty }

    /// The value of a name.
    ///
    /// - Throws: `ENODATA`.
    func value(of name: StoredName) throws(Errno) -> ContiguousArray<UInt8> {
        guard let value = values[name] else { throw .noData }
        return value
    }

    /// Sets a value and charges it.
    ///
    /// - Returns: whether that changed anything.
    /// - Throws: `EEXIST`, `ENODATA` by the condition; `E2BIG`; `ENOSPC` also where the list of names gets too long.
    mutating func set(
        _ name: StoredName,
        to value: ContiguousArray<UInt8>,
        _ condition: ExtendedAttributeCondition,
        budget: SpaceBudget
    ) throws(Errno) -> Bool {
        let former = values[name]
        try ExtendedAttributeRules.check(condition, exists: former != nil)
        guard value.count <= ExtendedAttributeRules.largestValue else { throw .argListTooLong }
        guard former != value else { return false }
        let longer = former == nil ? name.bytes.count + 1 : 0
        guard listSize + longer <= ExtendedAttributeRules.largestList else { throw .noSpace }
        // Only the difference: what gets no larger can be replaced on a full file system, too (chmod with an ACL).
        let more = value.count - (former?.count ?? -name.bytes.count)
        guard more <= 0 || budget.takeBytes(more) else { throw .noSpace }
        if more < 0 { budget.returnBytes(-more) }
        chargedBytes += more
        values[name] = value
        listSize += longer
        return true
    }

    /// Removes a value and gives back what it was charged.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    mutating func remove(_ name: StoredName, budget: SpaceBudget) -> Bool {
        guard let value = values.removeValue(forKey: name) else { return false }
        listSize -= name.bytes.count + 1
        chargedBytes -= name.bytes.count + value.count
        budget.returnBytes(name.bytes.count + value.count)
        return true
    }

    /// All names, each with its NUL.
    ///
    /// - Parameter trusted: whether those are told that only privileged programs may know.
    func list(trusted: Bool) -> ContiguousArray<UInt8> {
        var list = ContiguousArray<UInt8>()
        list.reserveCapacity(listSize)
        for name in values.keys where trusted || ExtendedAttributeRules.Space(of: name) != .trusted {
            list.append(contentsOf: name.bytes)
            list.append(0)
        }
        return list
    }
}
