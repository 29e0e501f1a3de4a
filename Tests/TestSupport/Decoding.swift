package import FUSEProtocol

/// Decodes a request as its opcode says, and insists on what must hold of anything that decodes.
package func decode(
    _ opcode: Opcode,
    argument argumentOctets: [UInt8],
    payload payloadOctets: [UInt8],
    extensionLength: Int = 0
) throws(WireError) {
    let argument = raw(argumentOctets)
    let payload = raw(payloadOctets)
    switch opcode {
    case .lookUp: insist(try LookUpRequest(payload: payload).name)
    case .unlink, .removeDirectory: insist(try RemoveRequest(payload: payload).name)
    case .removeExtendedAttribute: insist(try RemoveExtendedAttributeRequest(payload: payload).name)
    case .symbolicLink, .makeNode, .makeDirectory, .create, .temporaryFile:
        try decodeMaking(opcode, argument: argument, payload: payload, extensionLength: extensionLength)
    case .rename, .rename2:
        let request = try RenameRequest(argument: argument, payload: payload, hasFlags: opcode == .rename2)
        insist(request.oldName)
        insist(request.newName)
    case .link: insist(try LinkRequest(argument: argument, payload: payload).name)
    case .write:
        let request = try WriteRequest(argument: argument, payload: payload)
        precondition(request.data.byteCount == Int(request.size))
    case .setExtendedAttribute:
        let request = try SetExtendedAttributeRequest(argument: argument, payload: payload, isExtended: true)
        insist(request.name)
        precondition(request.name.count + 1 + request.value.byteCount == payload.byteCount)
    case .getExtendedAttribute: insist(try GetExtendedAttributeRequest(argument: argument, payload: payload).name)
    case .ioctl: _ = try IoctlRequest(argument: argument, payload: payload)
    case .notifyReply: _ = try RetrieveReply(payload: payload)
    case .batchForget:
        let request = try BatchForgetRequest(argument: argument, payload: payload)
        var seen = 0
        request.forEach { _ in seen += 1 }
        precondition(seen == request.count)
    default: try decodeFixed(opcode, argument: argument)
    }
}

/// Decodes a request that makes a file, and its extensions.
private func decodeMaking(
    _ opcode: Opcode,
    argument: RawSpan,
    payload: RawSpan,
    extensionLength: Int
) throws(WireError) {
    let trailing: RawSpan
    switch opcode {
    case .symbolicLink:
        let request = try SymbolicLinkRequest(payload: payload)
        insist(request.name)
        insist(request.target)
        trailing = request.trailing
    case .makeNode: trailing = try MakeNodeRequest(argument: argument, payload: payload).trailing
    case .makeDirectory: trailing = try MakeDirectoryRequest(argument: argument, payload: payload).trailing
    case .create: trailing = try CreateRequest(argument: argument, payload: payload).trailing
    default: trailing = try TemporaryFileRequest(argument: argument, payload: payload).trailing
    }
    let extensions = try RequestExtensions(trailing, length: extensionLength)
    precondition(extensions.securityValue.byteCount + extensions.groupCount * 4 <= extensionLength)
    for index in 0..<extensions.groupCount {
        _ = try extensions.group(at: index)
    }
}

/// Decodes a request that is nothing but its structure.
private func decodeFixed(_ opcode: Opcode, argument: RawSpan) throws(WireError) {
    switch opcode {
    case .forget: _ = try ForgetRequest(argument: argument)
    case .getAttributes: _ = try GetAttributesRequest(argument: argument)
    case .setAttributes: _ = try SetAttributesRequest(argument: argument)
    case .open, .openDirectory: _ = try OpenRequest(argument: argument)
    case .read, .readDirectory, .readDirectoryPlus: _ = try ReadRequest(argument: argument)
    case .release, .releaseDirectory: _ = try ReleaseRequest(argument: argument)
    case .sync, .syncDirectory: _ = try SyncRequest(argument: argument)
    case .listExtendedAttributes: _ = try ListExtendedAttributesRequest(argument: argument)
    case .flush: _ = try FlushRequest(argument: argument)
    case .initialize: _ = try InitRequest(argument)
    case .getLock, .setLock, .setLockWaiting: _ = try LockRequest(argument: argument)
    case .access: _ = try AccessRequest(argument: argument)
    case .interrupt: _ = try InterruptRequest(argument: argument)
    case .blockMap: _ = try BmapRequest(argument: argument)
    case .poll: _ = try PollRequest(argument: argument)
    case .fallocate: _ = try FallocateRequest(argument: argument)
    case .seek: _ = try SeekRequest(argument: argument)
    case .copyFileRange, .copyFileRange64: _ = try CopyFileRangeRequest(argument: argument)
    case .syncFS: _ = try SyncFSRequest(argument: argument)
    case .statx: _ = try StatxRequest(argument: argument)
    case .readLink, .statFS, .destroy: break  // nothing to decode
    case .setUpMapping, .removeMapping, .cuseInitialize: break  // not served
    default: preconditionFailure("decoded elsewhere: \(opcode)")
    }
}

/// Stops when a name is not what every name must be.
private func insist(_ name: Span<UInt8>) {
    precondition(!name.isEmpty && name.count <= 4095)
    for index in name.indices {
        precondition(name[index] != 0)
    }
}
