import CRingFUSE
import FUSEProtocol
import SystemPackage

// Requests for open directories.

extension Dispatcher {
    func openDirectory(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? OpenRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        do throws(Errno) {
            let reply = try await backend.openDirectory(
                NodeID(header.node), OpenFlags(rawValue: request.flags), context)
            return frame.store(fuse_open_out(reply))
        } catch {
            return try reply(frame, withoutHandles: .noOpenDirectorySupport, error)
        }
    }

    func readDirectory(
        _ opcode: Opcode,
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? ReadRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        var listing = frame.listing(limitedTo: request.size, wantsEntries: opcode == .readDirectoryPlus)
        try await backend.entries(
            of: OpenFile(header, request), after: request.offset, into: &listing, context)
        return listing.count
    }

    func releaseDirectory(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? ReleaseRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        try await backend.releaseDirectory(OpenFile(header, request), context)
        return 0
    }

    func synchronizeDirectory(
        _ frame: RequestFrame,
        _ header: RequestHeader,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let request = try? SyncRequest(argument: frame.argumentBytes) else { throw malformed(header) }
        let directory = OpenFile(node: NodeID(header.node), handle: HandleID(request.fileHandle))
        try await backend.synchronizeDirectory(directory, dataOnly: request.isDataOnly, context)
        return 0
    }
}
