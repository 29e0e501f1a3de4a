import CRingFUSE
import FUSEProtocol
import SystemPackage

// Requests for names: find, make, remove, rename.

extension Dispatcher {
    func lookUp(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? LookUpRequest(payload: frame.payloadBytes) else { throw malformed(header) }
        let entry = try await backend.lookUp(Name(request.name), in: NodeID(header.node), context)
        return frame.store(fuse_entry_out(entry))
    }

    /// SYMLINK, MKNOD, MKDIR and LINK: a new name, answered with its entry.
    func make(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let entry: Entry
        switch opcode {
        case .symbolicLink: entry = try await makeSymbolicLink(frame, header, context)
        case .makeNode: entry = try await makeNode(frame, header, context)
        case .makeDirectory: entry = try await makeDirectory(frame, header, context)
        default: entry = try await link(frame, header, context)
        }
        return frame.store(fuse_entry_out(entry))
    }

    private func makeSymbolicLink(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let request = try? SymbolicLinkRequest(payload: frame.payloadBytes) else { throw malformed(header) }
        try check(request.trailing, header)
        return try await backend.makeSymbolicLink(
            named: Name(request.name), in: NodeID(header.node), to: Name(request.target), context)
    }

    private func makeNode(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let request = try? MakeNodeRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        try check(request.trailing, header)
        let node = NewNode(mode: NodeMode(rawValue: request.mode), umask: request.umask, device: request.device)
        return try await backend.makeNode(named: Name(request.name), in: NodeID(header.node), node, context)
    }

    private func makeDirectory(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let request = try? MakeDirectoryRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        try check(request.trailing, header)
        let node = NewNode(mode: NodeMode(.directory, permissions: request.mode), umask: request.umask)
        return try await backend.makeDirectory(named: Name(request.name), in: NodeID(header.node), node, context)
    }

    /// Extensions must not reach into the names before them.
    func check(_ trailing: RawSpan, _ header: RequestHeader) throws(Errno) {
        guard trailing.byteCount >= header.extensionLength else { throw malformed(header) }
    }

    private func link(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let request = try? LinkRequest(argument: frame.argumentBytes, payload: frame.payloadBytes)
        else { throw malformed(header) }
        return try await backend.link(
            NodeID(request.existingNode), to: Name(request.name), in: NodeID(header.node), context)
    }

    func remove(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? RemoveRequest(payload: frame.payloadBytes) else { throw malformed(header) }
        let directory = NodeID(header.node)
        if opcode == .unlink {
            try await backend.removeFile(named: Name(request.name), in: directory, context)
        } else {
            try await backend.removeDirectory(named: Name(request.name), in: directory, context)
        }
        return 0
    }

    func rename(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard
            let request = try? RenameRequest(
                argument: frame.argumentBytes, payload: frame.payloadBytes, hasFlags: opcode == .rename2)
        else { throw malformed(header) }
        try await backend.rename(
            Name(request.oldName), in: NodeID(header.node), to: Name(request.newName),
            in: NodeID(request.newParent), RenameFlags(rawValue: request.flags), context)
        return 0
    }
}
