import CRingFUSE

/// Builds the messages that the server sends unasked, each to be written to /dev/fuse in one piece.
///
/// A notification must not be sent from the thread that serves a request for the same node: the kernel may wait for a
/// lock that the request's caller holds.
package enum NotificationEncoder {
    /// Wakes the callers of poll(2) that wait for a kernel's handle.
    package static func wakePoll(kernelHandle: UInt64, to output: inout OutputRawSpan) throws(WireError) {
        try begin(FUSE_NOTIFY_POLL, fuse_notify_poll_wakeup_out(kh: kernelHandle), to: &output)
    }

    /// Drops a node's cached attributes and a range of its pages.
    ///
    /// - Parameters:
    ///   - offset: first byte; a negative one leaves all pages alone.
    ///   - length: bytes; 0 or less reaches to the end.
    package static func invalidateInode(
        _ node: UInt64,
        offset: Int64,
        length: Int64,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        let body = fuse_notify_inval_inode_out(ino: node, off: offset, len: length)
        try begin(FUSE_NOTIFY_INVAL_INODE, body, to: &output)
    }

    /// Drops a cached name, or only lets it expire when `FUSE_HAS_EXPIRE_ONLY` was agreed on.
    package static func invalidateEntry(
        parent: UInt64,
        name: Span<UInt8>,
        expiresOnly: Bool,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        guard NameRule.entry.allows(name) else { throw .badName }
        let flags = expiresOnly ? FUSE_EXPIRE_ONLY : 0
        let body = fuse_notify_inval_entry_out(parent: parent, namelen: UInt32(name.count), flags: flags)
        try begin(FUSE_NOTIFY_INVAL_ENTRY, body, following: name.count + 1, to: &output)
        try finish(name, to: &output)
    }

    /// Says that a name was removed: as `invalidateEntry`, and those who watch the file are told.
    package static func delete(
        parent: UInt64,
        child: UInt64,
        name: Span<UInt8>,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        guard NameRule.entry.allows(name) else { throw .badName }
        let body = fuse_notify_delete_out(parent: parent, child: child, namelen: UInt32(name.count), padding: 0)
        try begin(FUSE_NOTIFY_DELETE, body, following: name.count + 1, to: &output)
        try finish(name, to: &output)
    }

    /// Begins a message that puts data in the page cache; so many bytes have to follow it in the same write.
    package static func storeHead(
        node: UInt64,
        offset: UInt64,
        dataByteCount: UInt32,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        let body = fuse_notify_store_out(nodeid: node, offset: offset, size: dataByteCount, padding: 0)
        let room = ReplyHeader.byteCount + MemoryLayout<fuse_notify_store_out>.size
        guard Int(dataByteCount) <= Int(UInt32.max) - room else { throw .badLength }
        try output.requireRoom(room)
        try output.append(header(FUSE_NOTIFY_STORE, length: room + Int(dataByteCount)))
        try output.append(body)
    }

    /// Asks for data of the page cache, which comes as a NOTIFY_REPLY.
    ///
    /// - Parameter unique: the `unique` that the reply's header will have.
    package static func retrieve(
        unique: UInt64,
        node: UInt64,
        offset: UInt64,
        byteCount: UInt32,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        let body = fuse_notify_retrieve_out(
            notify_unique: unique,
            nodeid: node,
            offset: offset,
            size: byteCount,
            padding: 0
        )
        try begin(FUSE_NOTIFY_RETRIEVE, body, to: &output)
    }

    /// Asks for all requests again that were sent and not answered (7.40, `FUSE_HAS_RESEND`).
    package static func resend(to output: inout OutputRawSpan) throws(WireError) {
        try output.append(header(FUSE_NOTIFY_RESEND, length: ReplyHeader.byteCount))
    }

    /// Makes all cached names invalid at once (7.44).
    package static func incrementEpoch(to output: inout OutputRawSpan) throws(WireError) {
        try output.append(header(FUSE_NOTIFY_INC_EPOCH, length: ReplyHeader.byteCount))
    }

    /// Asks the kernel to let go of nodes that nobody uses (7.45).
    package static func prune(_ nodes: Span<UInt64>, to output: inout OutputRawSpan) throws(WireError) {
        // Far below 2^32 bytes: no kernel takes a larger message than its largest request.
        guard nodes.count <= Int(UInt16.max) else { throw .badLength }
        let bytes = RawSpan(_elements: nodes)
        let body = fuse_notify_prune_out(count: UInt32(nodes.count), padding: 0, spare: 0)
        try begin(FUSE_NOTIFY_PRUNE, body, following: bytes.byteCount, to: &output)
        try output.append(contentsOf: bytes)
    }

    /// The header of a notification of so many bytes.
    private static func header(_ code: fuse_notify_code, length: Int) -> fuse_out_header {
        fuse_out_header(len: UInt32(length), error: Int32(code.rawValue), unique: 0)
    }

    /// Appends a header and a structure if all of the message fits, with the bytes that will follow.
    private static func begin<Body: WireStruct & BitwiseCopyable>(
        _ code: fuse_notify_code,
        _ body: Body,
        following count: Int = 0,
        to output: inout OutputRawSpan
    ) throws(WireError) {
        let length = ReplyHeader.byteCount + MemoryLayout<Body>.size + count
        try output.requireRoom(length)
        try output.append(header(code, length: length))
        try output.append(body)
    }

    /// Appends a name and its NUL.
    private static func finish(_ name: Span<UInt8>, to output: inout OutputRawSpan) throws(WireError) {
        try output.append(contentsOf: RawSpan(_elements: name))
        output.append(0)
    }
}
