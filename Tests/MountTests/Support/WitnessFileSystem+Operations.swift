import RingFUSE
import SystemPackage

// What is noted and passed on.

extension WitnessFileSystem {
    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) async throws(Errno) -> Entry {
        note("lookUp")
        return try await base.lookUp(name, in: directory, context)
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        note("attributes")
        return try await base.attributes(of: node, handle, context)
    }

    func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        note(changes)
        return try await base.setAttributes(changes, of: node, handle, context)
    }

    func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        note("readLink")
        try await base.readSymbolicLink(node, into: &target, context)
    }

    func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        note(making: name, nil, context)
        return try await base.makeSymbolicLink(named: name, in: directory, to: target, context)
    }

    func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        note(making: name, node, context)
        return try await base.makeNode(named: name, in: directory, node, context)
    }

    func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        note(making: name, node, context)
        return try await base.makeDirectory(named: name, in: directory, node, context)
    }

    func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeFile(named: name, in: directory, context)
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
        try await base.link(node, to: name, in: directory, context)
    }

    func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        note("open", flags)
        var reply = try await base.open(node, flags, context)
        reply.options.formUnion(fileOptions)
        return reply
    }

    func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        note("create", flags)
        note(making: name, node, context)
        var reply = try await base.create(named: name, in: directory, node, flags, context)
        reply.file.options.formUnion(fileOptions)
        return reply
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        note("read")
        try await base.read(file, at: offset, into: &buffer, context)
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        beginWrite(options)
        defer { endWrite() }
        if writeTime > .zero { try? await Task.sleep(for: writeTime) }
        return try await base.write(file, at: offset, from: data, options, context)
    }

    func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await base.flush(file, context)
    }

    func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        note("release")
        try await base.release(file, context)
    }

    func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.synchronize(file, dataOnly: dataOnly, context)
    }

    func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.allocate(file, at: offset, length: length, mode, context)
    }

    func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        try await base.statistics(of: node, context)
    }

    // MARK: Directories

    func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        note("openDirectory")
        guard !directoryOptions.isEmpty else { return try await base.openDirectory(node, flags, context) }
        var reply = OpenReply()
        do throws(Errno) {
            reply = try await base.openDirectory(node, flags, context)
        } catch {
            // One without handles has none to lose.
            guard error == .noFunction else { throw error }
        }
        reply.options.formUnion(directoryOptions)
        return reply
    }

    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        note("entries")
        try await base.entries(of: directory, after: cookie, into: &listing, context)
    }

    func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        try await base.releaseDirectory(directory, context)
    }

    // MARK: Extended attributes

    func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard let list = Self.accessListName(name) else {
            return try await base.setExtendedAttribute(named: name, of: node, to: value, condition, context)
        }
        let bytes = value.byteOffsets.map { unsafe value.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        setAccessList(list, of: node, to: bytes, clearsSetGroupID: context.clearsSetGroupID)
    }

    func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let list = Self.accessListName(name) else {
            return try await base.extendedAttribute(named: name, of: node, into: &value, context)
        }
        let bytes = try accessList(list, of: node)
        guard value.freeCapacity > 0 else { return bytes.count }
        for byte in bytes { value.append(byte) }
        return bytes.count
    }

    func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard let list = Self.accessListName(name) else {
            return try await base.removeExtendedAttribute(named: name, of: node, context)
        }
        _ = try accessList(list, of: node)
        setAccessList(list, of: node, to: nil)
    }

    // MARK: Control

    func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32 {
        note("control")
        while output.freeCapacity > 0 { output.append(0) }
        return 0
    }
}
