import CRingFUSE
package import FUSEProtocol

/// Where the bytes of one request are and where its reply goes, whichever transport brought it.
///
/// Invariant: all memory belongs to one entry and stays valid, and the kernel does not write to it, from the arrival
/// of the request until its commit. The frame is used in that time only.
@safe
package struct RequestFrame {
    /// `fuse_in_header`, 40 bytes.
    @unsafe let header: UnsafeRawPointer
    /// The fixed part of the request; on the ring the whole area of 128 bytes, of which it is the start.
    @unsafe let argument: UnsafeRawBufferPointer
    /// Names and data.
    @unsafe let payload: UnsafeRawBufferPointer
    /// Where the reply's payload goes; may be the memory of ``payload``.
    @unsafe private let reply: UnsafeMutableRawBufferPointer
    /// For copies of what the reply overwrites.
    @unsafe let scratch: UnsafeMutableRawBufferPointer
    /// How much of ``reply`` may be other than zero.
    private let dirty: DirtyExtent

    @unsafe
    package init(
        header: UnsafeRawPointer,
        argument: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer,
        reply: UnsafeMutableRawBufferPointer,
        scratch: UnsafeMutableRawBufferPointer,
        dirty: DirtyExtent
    ) {
        unsafe self.header = header
        unsafe self.argument = argument
        unsafe self.payload = payload
        unsafe self.reply = reply
        unsafe self.scratch = scratch
        self.dirty = dirty
    }

    /// The fixed part of the request.
    var argumentBytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(RawSpan(_unsafeBytes: argument), borrowing: self) }
    }

    /// Names and data.
    var payloadBytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(RawSpan(_unsafeBytes: payload), borrowing: self) }
    }

    /// The header, decoded; `nil` where its lengths contradict each other.
    var decodedHeader: RequestHeader? {
        try? RequestHeader(unsafe RawSpan(_unsafeStart: header, byteCount: RequestHeader.byteCount))
    }

    /// The thread whose request it is, by the kernel's number; 0 for the kernel itself, and for one of another PID namespace.
    var caller: UInt32 { unsafe header.load(fromByteOffset: Self.callerOffset, as: UInt32.self) }

    /// `pid` of `fuse_in_header`.
    private static var callerOffset: Int { 32 }

    /// Bytes of data that a reply has room for.
    ///
    /// - Parameter size: bytes that the kernel asked for; it has room for no more.
    func capacity(for size: UInt32) -> Int { unsafe min(Int(size), reply.count) }

    /// Room for the data of a reply.
    ///
    /// - Parameter size: bytes that the kernel asked for; it has room for no more.
    @_lifetime(borrow self)
    func output(limitedTo size: UInt32) -> OutputRawSpan {
        let buffer = unsafe UnsafeMutableRawBufferPointer(rebasing: reply[..<min(Int(size), reply.count)])
        dirty.grow(to: buffer.count)
        return unsafe _overrideLifetime(OutputRawSpan(buffer: buffer, initializedCount: 0), borrowing: self)
    }

    /// Room for the data of a reply that starts with a structure.
    ///
    /// - Parameter offset: bytes of that structure.
    @_lifetime(borrow self)
    func output(after offset: Int, limitedTo size: UInt32) -> OutputRawSpan {
        let end = unsafe min(offset + Int(size), reply.count)
        dirty.grow(to: end)
        let buffer = unsafe UnsafeMutableRawBufferPointer(rebasing: reply[offset..<end])
        return unsafe _overrideLifetime(OutputRawSpan(buffer: buffer, initializedCount: 0), borrowing: self)
    }

    /// Makes the reply's data zeros.
    ///
    /// - Parameter count: bytes; not more than ``output(limitedTo:)`` has room for.
    func clear(_ count: Int) { unsafe dirty.clear(count, of: reply) }

    /// Where the entries of a directory go.
    ///
    /// The memory is this request's alone until it is committed, and the listing does not outlive that.
    ///
    /// - Parameter size: bytes that the kernel asked for.
    func listing(limitedTo size: UInt32, wantsEntries: Bool) -> DirectoryListing {
        let capacity = unsafe min(Int(size), reply.count)
        dirty.grow(to: capacity)
        return unsafe DirectoryListing(
            base: reply.baseAddress.unsafelyUnwrapped, capacity: capacity, wantsEntries: wantsEntries)
    }

    /// Moves input to the end of the payload, out of the way of a reply.
    ///
    /// - Parameter size: bytes of the reply at the most.
    /// - Returns: `nil` where there is no room for both.
    @_lifetime(borrow self)
    func moved(_ input: RawSpan, behind size: Int) -> RawSpan? {
        guard unsafe size + input.byteCount <= reply.count else { return nil }
        dirty.grow(to: unsafe reply.count)
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: reply[(reply.count - input.byteCount)...])
        unsafe input.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        return unsafe _overrideLifetime(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target)), borrowing: self)
    }

    /// Writes a structure of the reply.
    ///
    /// - Parameter offset: bytes of the reply before it.
    /// - Returns: bytes of the reply up to its end.
    @discardableResult
    package func store<Value: WireStruct & BitwiseCopyable>(_ value: Value, at offset: Int = 0) -> Int {
        let end = offset + MemoryLayout<Value>.size
        precondition(unsafe end <= reply.count, "every payload has room for every fixed reply")
        dirty.grow(to: end)
        unsafe reply.storeBytes(of: value, toByteOffset: offset, as: Value.self)
        return end
    }

    /// Copies a name to where the reply does not overwrite it.
    ///
    /// - Returns: `nil` where it is too long: longer than any name that Linux knows.
    @_lifetime(borrow self)
    func saved(_ name: Span<UInt8>) -> Span<UInt8>? {
        guard unsafe name.count <= scratch.count else { return nil }
        for index in name.indices { unsafe scratch[index] = name[index] }
        let bytes = unsafe RawSpan(_unsafeStart: scratch.baseAddress.unsafelyUnwrapped, byteCount: name.count)
        return unsafe _overrideLifetime(Span<UInt8>(_bytes: bytes), borrowing: self)
    }

    /// The kernel's number of the request.
    package var unique: UInt64 { unsafe header.load(fromByteOffset: 8, as: UInt64.self) }

    /// The number of its opcode, unchecked.
    var opcode: UInt32 { unsafe header.load(fromByteOffset: 4, as: UInt32.self) }

    /// The number of its node, unchecked.
    var node: UInt64 { unsafe header.load(fromByteOffset: 16, as: UInt64.self) }

    /// The process of its caller.
    var processID: UInt32 { unsafe header.load(fromByteOffset: 32, as: UInt32.self) }

    /// Whether the page cache writes data back with it, and more than a little.
    var isWriteback: Bool {
        guard opcode == FUSE_WRITE.rawValue, unsafe payload.count >= Self.leastWriteback else { return false }
        return unsafe argument.loadUnaligned(as: fuse_write_in.self).write_flags & FUSE_WRITE_CACHE != 0
    }

    /// Bytes that take longer to copy than it takes to wake another CPU.
    private static var leastWriteback: Int { 65536 }

    /// Bytes that a successful reply to WRITE acknowledges: `fuse_write_out`.
    var acknowledged: UInt32 { unsafe reply.load(as: UInt32.self) }
}

/// What is to become of a request.
package struct Answer: Sendable {
    /// How the request ends.
    package enum Kind: UInt8, Sendable {
        /// Commit a reply.
        case reply
        /// Nobody waits for a reply (FORGET, INTERRUPT).
        case silence
        /// The entry's task is to serve it.
        case deferred
    }

    package var kind: Kind
    /// 0, or the errno that the caller gets.
    package var error: Int32
    /// Bytes of payload in the reply.
    package var length: Int

    /// A successful reply.
    package static func success(_ length: Int = 0) -> Answer { Answer(kind: .reply, error: 0, length: length) }

    /// An error.
    ///
    /// The kernel takes 1 to 511 and refuses the whole reply otherwise, so that its caller would wait for ever; EIO
    /// goes instead.
    package static func failure(_ error: Int32) -> Answer {
        Answer(kind: .reply, error: (1..<512).contains(error) ? error : 5, length: 0)
    }

    /// No reply.
    package static let silence = Answer(kind: .silence, error: 0, length: 0)

    /// Not yet.
    package static let deferred = Answer(kind: .deferred, error: 0, length: 0)
}
