/// The name of a directory entry, borrowed from the request that carries it.
///
/// Names are bytes: Linux allows everything but `/` and NUL, and nothing says that they are UTF-8.
/// A name can't outlive its request; a backend that stores one makes a ``StoredName`` of it.
public struct Name: ~Escapable {
    /// The bytes of the name, without its terminating NUL.
    public let bytes: Span<UInt8>

    /// Wraps the bytes of a name.
    ///
    /// - Parameter bytes: the name without its NUL.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The number of bytes.
    @inlinable
    public var count: Int { bytes.count }

    /// Whether the name is `.` or `..`, which only an exporting server (NFS) looks up.
    @inlinable
    public var isDotOrDotDot: Bool {
        (count == 1 && bytes[0] == UInt8(ascii: ".")) || self == ".."
    }

    /// Compares the name's bytes with those of a literal.
    @inlinable
    public static func == (name: borrowing Name, literal: StaticString) -> Bool {
        guard name.count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<name.count where unsafe name.bytes[index] != literal.utf8Start[index] { return false }
        return true
    }

    /// Calls `body` with the name as a C string.
    ///
    /// The bytes are copied to the stack, since nothing promises that a NUL follows them.
    /// - Complexity: O(`count`).
    public borrowing func withCString<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = count
        return try unsafe withTemporaryBytes(count + 1) { buffer throws(Failure) in
            for index in 0..<count { unsafe buffer[index] = CChar(bitPattern: bytes[index]) }
            unsafe buffer[count] = 0
            // The buffer holds `count + 1` elements, so it has a base address.
            return try unsafe body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
        }
    }
}

/// `withUnsafeTemporaryAllocation` with a typed error.
private func withTemporaryBytes<Result: ~Copyable, Failure: Error>(
    _ count: Int,
    _ body: (UnsafeMutableBufferPointer<CChar>) throws(Failure) -> Result
) throws(Failure) -> Result {
    try unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count) { buffer throws(Failure) in
        try unsafe body(buffer)
    }
}

extension String {
    /// The name as text, for messages: bytes that are no UTF-8 are replaced.
    public init(_ name: borrowing Name) {
        self.init(StoredName(name))
    }

    /// The name as text, for messages: bytes that are no UTF-8 are replaced.
    public init(_ name: StoredName) {
        self = String(decoding: name.bytes, as: UTF8.self)
    }
}
