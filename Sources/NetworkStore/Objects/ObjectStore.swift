public import RingFUSE

/// Immutable objects under keys: a directory, or a bucket of S3.
///
/// Methods run on the worker whose `io` they are given, several at a time on each of several workers.
public protocol ObjectStore: Sendable {
    /// What it is, for messages: its URL, without secrets.
    var name: String { get }

    /// A number that grows while requests get on, as far as a store knows: while bytes of requests go through that have not failed before.
    /// One that asks again and again does not get on.
    var progress: UInt64 { get }

    /// Stores an object, whole: durable when this returns. One that is there is replaced, by the same bytes as a rule.
    func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError)

    /// Reads part of an object straight into memory.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the object.
    ///   - count: bytes, all of which must be there.
    ///   - buffer: gets exactly `count` bytes appended, or none and an error is thrown.
    /// - Throws: ``ObjectStoreError/missing(_:)``; ``ObjectStoreError/damaged(_:)`` where the object ends before.
    func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError)

    /// Whether ``getImmediately(_:at:count:into:)`` may give anything: asked before memory is taken and claimed for it.
    var getsImmediately: Bool { get }

    /// Reads part of an object where that takes neither a network nor a disk. Called on a worker's own thread.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the object.
    ///   - count: bytes.
    ///   - buffer: gets exactly `count` bytes appended, or none.
    /// - Returns: whether it was read. Where not, ``get(_:at:count:into:_:)`` does it, or says why it cannot be done.
    func getImmediately(_ key: ObjectKey, at offset: UInt64, count: Int, into buffer: inout OutputRawSpan) -> Bool

    /// How long an object is; `nil` where there is none.
    func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64?

    /// Removes objects; those that are not there count as removed.
    func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError)

    /// Objects in the order of their keys' bytes.
    ///
    /// - Parameters:
    ///   - prefix: what keys begin with.
    ///   - key: gives those after it only; `nil` for all.
    ///   - limit: the most objects.
    func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing]
}

extension ObjectStore {
    /// Unknown.
    public var progress: UInt64 { 0 }

    /// Never.
    public var getsImmediately: Bool { false }

    /// Nothing.
    public func getImmediately(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan
    ) -> Bool { false }
}

/// The key of an object: parts of ASCII letters, digits, `-`, `_` and `.`, with `/` between them.
public struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    /// The key as text.
    public let description: String

    /// A key.
    public init(_ text: String) {
        description = text
    }
}

/// An object in a listing.
public struct ObjectListing: Sendable, Hashable {
    /// Its key.
    public var key: ObjectKey
    /// Bytes.
    public var size: UInt64

    /// An object.
    public init(key: ObjectKey, size: UInt64) {
        self.key = key
        self.size = size
    }
}
