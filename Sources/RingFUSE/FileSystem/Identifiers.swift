/// An inode known to the kernel: chosen by the backend, valid until the kernel has forgotten every lookup of it.
@frozen
public struct NodeID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number that travels in requests.
    public let rawValue: UInt64

    /// Wraps a number.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Wraps a number.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The root of the mount; always known (`FUSE_ROOT_ID`).
    @inlinable
    public static var root: NodeID { NodeID(1) }

    /// The number in decimal.
    public var description: String { "\(rawValue)" }
}

/// What a backend calls an open file or directory (`fh`): any 64 bits it likes; 0 where it keeps none.
@frozen
public struct HandleID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number that travels in requests.
    public let rawValue: UInt64

    /// Wraps a number.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Wraps a number.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The handle of a backend that keeps none.
    @inlinable
    public static var none: HandleID { HandleID(0) }

    /// The number in decimal.
    public var description: String { "\(rawValue)" }
}
