public import RingFUSE
public import SystemPackage

// What is passed on, attributes with a delay where that is wanted.

extension DelayFileSystem {
    /// Waits where it is to, then asks.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        if operations.contains(.attributes) { try await context.io.sleep(for: delay) }
        return try await base.attributes(of: node, handle, context)
    }

    /// Passed on.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        if operations.contains(.attributes) { return .deferred }
        return try base.attributesImmediately(of: node, handle, context)
    }

    /// Passed on.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await base.setAttributes(changes, of: node, handle, context)
    }

    /// Passed on.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.readSymbolicLink(node, into: &target, context)
    }

    /// Passed on.
    public func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.checkAccess(mode, to: node, context)
    }

    /// Passed on.
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        try await base.statistics(of: node, context)
    }

    /// Passed on.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.setExtendedAttribute(named: name, of: node, to: value, condition, context)
    }

    /// Passed on.
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await base.extendedAttribute(named: name, of: node, into: &value, context)
    }

    /// Passed on.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await base.extendedAttributeNames(of: node, into: &names, context)
    }

    /// Passed on.
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeExtendedAttribute(named: name, of: node, context)
    }
}
