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
    @unsafe let reply: UnsafeMutableRawBufferPointer
    /// For copies of what the reply overwrites.
    @unsafe let scratch: UnsafeMutableRawBufferPointer

    @unsafe
    package init(
        header: UnsafeRawPointer,
        argument: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer,
        reply: UnsafeMutableRawBufferPointer,
        scratch: UnsafeMutableRawBufferPointer
    ) {
        unsafe self.header = header
        unsafe self.argument = argument
        unsafe self.payload = payload
        unsafe self.reply = reply
        unsafe self.scratch = scratch
    }

    /// The kernel's number of the request.
    package var unique: UInt64 { unsafe header.load(fromByteOffset: 8, as: UInt64.self) }
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
    package static func failure(_ error: Int32) -> Answer { Answer(kind: .reply, error: error, length: 0) }

    /// No reply.
    package static let silence = Answer(kind: .silence, error: 0, length: 0)

    /// Not yet.
    package static let deferred = Answer(kind: .deferred, error: 0, length: 0)
}
