import RingFUSE
import SystemPackage

// What has to do with names and nodes goes on to the file system below, and its entries are counted.

extension LookupCountingFileSystem {
    func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let entry = try await base.lookUp(name, in: directory, context)
        count(entry)
        return entry
    }

    func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        let answer = try base.lookUpImmediately(name, in: directory, context)
        if case .answered(let entry) = answer { count(entry) }
        return answer
    }

    func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let entry = try await base.makeSymbolicLink(named: name, in: directory, to: target, context)
        count(entry)
        return entry
    }

    func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let entry = try await base.makeNode(named: name, in: directory, node, context)
        count(entry)
        return entry
    }

    func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let entry = try await base.makeDirectory(named: name, in: directory, node, context)
        count(entry)
        return entry
    }

    func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeFile(named: name, in: directory, context)
    }

    func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeDirectory(named: name, in: directory, context)
    }

    func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.rename(name, in: directory, to: newName, in: newDirectory, flags, context)
    }

    func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let entry = try await base.link(node, to: name, in: directory, context)
        count(entry)
        return entry
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await base.attributes(of: node, handle, context)
    }

    func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        try base.attributesImmediately(of: node, handle, context)
    }

    func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> DetailedAttributesReply {
        try await base.detailedAttributes(of: node, handle, context)
    }

    func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await base.setAttributes(changes, of: node, handle, context)
    }

    func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.readSymbolicLink(node, into: &target, context)
    }

    func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.checkAccess(mode, to: node, context)
    }

    func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        try await base.statistics(of: node, context)
    }
}
