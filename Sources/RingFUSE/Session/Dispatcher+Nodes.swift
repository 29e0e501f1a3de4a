import CRingFUSE
import FUSEProtocol
import SystemPackage

// Requests for nodes: attributes, links, access, statfs, extended attributes.

extension Dispatcher {
    func attributes(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? GetAttributesRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let reply = try await backend.attributes(
            of: NodeID(header.node), request.fileHandle.map { HandleID($0) }, context)
        return frame.store(fuse_attr_out(reply))
    }

    func setAttributes(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? SetAttributesRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let reply = try await backend.setAttributes(
            AttributeChanges(request), of: NodeID(header.node), request.fileHandle.map { HandleID($0) }, context)
        return frame.store(fuse_attr_out(reply))
    }

    func readLink(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        // The kernel takes a page at the most, and EIO's what is empty or longer.
        var target = frame.output(limitedTo: 4095)
        try await backend.readSymbolicLink(NodeID(header.node), into: &target, context)
        return target.byteCount
    }

    func access(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? AccessRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        try await backend.checkAccess(AccessMode(rawValue: request.mask), to: NodeID(header.node), context)
        return 0
    }

    func statistics(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let statistics = try await backend.statistics(of: NodeID(header.node), context)
        return frame.store(fuse_statfs_out(statistics))
    }

    // MARK: Extended attributes

    func setExtendedAttribute(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard
            let request = try? SetExtendedAttributeRequest(
                argument: frame.argumentBytes, payload: frame.payloadBytes,
                isExtended: agreed.flags.contains(.extendedSetXattr))
        else { throw malformed(header) }
        guard let condition = ExtendedAttributeCondition(rawValue: request.flags) else { throw .invalidArgument }
        let context = RequestContext(
            unique: context.unique, userID: context.userID, groupID: context.groupID, processID: context.processID,
            clearsSetGroupID: request.killsSetGroupID, io: context.io.copy())
        try await backend.setExtendedAttribute(
            named: Name(request.name), of: NodeID(header.node), to: request.value, condition, context)
        return 0
    }

    func extendedAttribute(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard
            let request = try? GetExtendedAttributeRequest(
                argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        // The value is written where the name stands.
        guard let name = frame.saved(request.name) else { throw .outOfRange }
        let size = request.size
        var value = frame.output(limitedTo: size)
        let total = try await backend.extendedAttribute(
            named: Name(name), of: NodeID(header.node), into: &value, context)
        return size == 0 ? reply(frame, size: total) : value.byteCount
    }

    func extendedAttributeNames(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? ListExtendedAttributesRequest(argument: frame.argumentBytes)
        else { throw malformed(header) }
        var names = frame.output(limitedTo: request.size)
        let total = try await backend.extendedAttributeNames(of: NodeID(header.node), into: &names, context)
        return request.size == 0 ? reply(frame, size: total) : names.byteCount
    }

    /// The reply where only a size is asked for.
    func reply(_ frame: RequestFrame, size: Int) -> Int {
        frame.store(fuse_getxattr_out(size: UInt32(clamping: size), padding: 0))
    }

    func removeExtendedAttribute(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? RemoveExtendedAttributeRequest(payload: frame.payloadBytes)
        else { throw malformed(header) }
        try await backend.removeExtendedAttribute(named: Name(request.name), of: NodeID(header.node), context)
        return 0
    }
}
