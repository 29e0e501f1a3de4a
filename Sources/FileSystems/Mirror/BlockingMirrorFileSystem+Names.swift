public import RingFUSE
public import SystemPackage

// Names and attributes: each call of the mirror's on a thread. Names are copied, since they belong to the request.

extension BlockingMirrorFileSystem {
    /// Finds a name.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let name = StoredName(name)
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.lookUp(Name(name.bytes.span), in: directory, context)
        }
    }

    /// Makes a symbolic link.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let (name, target) = (StoredName(name), StoredName(target))
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.makeSymbolicLink(
                named: Name(name.bytes.span), in: directory, to: Name(target.bytes.span), context)
        }
    }

    /// Makes a file, FIFO, socket or device node.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let name = StoredName(name)
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.makeNode(named: Name(name.bytes.span), in: directory, node, context)
        }
    }

    /// Makes a directory.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let name = StoredName(name)
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.makeDirectory(named: Name(name.bytes.span), in: directory, node, context)
        }
    }

    /// Removes a name that is no directory.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = StoredName(name)
        try await call(context) { mirror, context throws(Errno) in
            try mirror.removeFile(named: Name(name.bytes.span), in: directory, context)
        }
    }

    /// Removes an empty directory.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = StoredName(name)
        try await call(context) { mirror, context throws(Errno) in
            try mirror.removeDirectory(named: Name(name.bytes.span), in: directory, context)
        }
    }

    /// Renames.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let (name, newName) = (StoredName(name), StoredName(newName))
        try await call(context) { mirror, context throws(Errno) in
            try mirror.rename(
                Name(name.bytes.span), in: directory, to: Name(newName.bytes.span), in: newDirectory, flags, context)
        }
    }

    /// Gives a file another name.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let name = StoredName(name)
        return try await call(context) { mirror, context throws(Errno) in
            try mirror.link(node, to: Name(name.bytes.span), in: directory, context)
        }
    }

    /// What `stat` tells.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await call(context) { mirror, context throws(Errno) in try mirror.attributes(of: node, handle, context) }
    }

    /// What `statx` tells.
    public func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> DetailedAttributesReply {
        try await call(context) { mirror, context throws(Errno) in
            try mirror.detailedAttributes(of: node, handle, context)
        }
    }

    /// Changes attributes.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await call(context) { mirror, context throws(Errno) in
            try mirror.setAttributes(changes, of: node, handle, context)
        }
    }

    /// Reads a symbolic link.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let room = target.freeCapacity
        let (_, bytes) = try await call(context) { mirror, context throws(Errno) in
            try CopiedOutput.make(room) { output throws(Errno) in
                try mirror.readSymbolicLink(node, into: &output, context)
                return 0
            }
        }
        for byte in bytes { target.append(byte) }
    }

    /// Whether the caller may.
    public func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await call(context) { mirror, context throws(Errno) in try mirror.checkAccess(mode, to: node, context) }
    }

    /// What `statfs` tells.
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileSystemStatistics {
        try await call(context) { mirror, context throws(Errno) in try mirror.statistics(of: node, context) }
    }

    /// Sets an extended attribute.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = StoredName(name)
        let value = unsafe value.withUnsafeBytes { unsafe [UInt8]($0) }
        try await call(context) { mirror, context throws(Errno) in
            try unsafe mirror.setExtendedAttribute(
                named: Name(name.bytes.span), of: node, to: value.span.bytes, condition, context)
        }
    }

    /// Tells an extended attribute.
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let name = StoredName(name)
        let room = value.freeCapacity
        let (size, bytes) = try await call(context) { mirror, context throws(Errno) in
            try CopiedOutput.make(room) { output throws(Errno) in
                try mirror.extendedAttribute(named: Name(name.bytes.span), of: node, into: &output, context)
            }
        }
        for byte in bytes { value.append(byte) }
        return size
    }

    /// Tells the names of extended attributes.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let room = names.freeCapacity
        let (size, bytes) = try await call(context) { mirror, context throws(Errno) in
            try CopiedOutput.make(room) { output throws(Errno) in
                try mirror.extendedAttributeNames(of: node, into: &output, context)
            }
        }
        for byte in bytes { names.append(byte) }
        return size
    }

    /// Removes an extended attribute.
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = StoredName(name)
        try await call(context) { mirror, context throws(Errno) in
            try mirror.removeExtendedAttribute(named: Name(name.bytes.span), of: node, context)
        }
    }
}

/// Output that is written on another thread, and copied to the reply by the worker.
enum CopiedOutput {
    /// Lets `fill` append to memory of its own.
    ///
    /// - Returns: what `fill` returns, and what it has appended.
    static func make(
        _ room: Int,
        _ fill: (inout OutputRawSpan) throws(Errno) -> Int
    ) throws(Errno) -> (Int, [UInt8]) {
        var result = 0
        let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count throws(Errno) in
            let memory = UnsafeMutableRawBufferPointer(buffer)
            // Exactly the room that the reply has: some calls ask for the size alone where there is none.
            let exact = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<room])
            var output = unsafe OutputRawSpan(buffer: exact, initializedCount: 0)
            result = try fill(&output)
            count = unsafe output.finalize(for: exact)
        }
        return (result, bytes)
    }
}
