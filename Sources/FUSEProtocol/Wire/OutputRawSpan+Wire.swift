extension OutputRawSpan {
    /// Appends a structure of the ABI; throws `noRoom`, and appends nothing, when it does not fit.
    @inlinable
    @_lifetime(self: copy self)
    package mutating func append<T: WireStruct & BitwiseCopyable>(_ value: T) throws(WireError) {
        try append(value, firstBytes: MemoryLayout<T>.size)
    }

    /// Appends the beginning of a structure of the ABI, for kernels that know only that part of it.
    @inlinable
    @_lifetime(self: copy self)
    package mutating func append<T: WireStruct & BitwiseCopyable>(_ value: T, firstBytes count: Int) throws(WireError) {
        precondition(count >= 0 && count <= MemoryLayout<T>.size, "more bytes than the structure has")
        guard count <= freeCapacity else { throw .noRoom(needed: count, free: freeCapacity) }
        unsafe withUnsafeBytes(of: value) { source in
            unsafe copyIn(UnsafeRawBufferPointer(rebasing: source[..<count]))
        }
    }

    /// Appends bytes; throws `noRoom`, and appends nothing, when they do not fit.
    @inlinable
    @_lifetime(self: copy self)
    package mutating func append(contentsOf bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount <= freeCapacity else { throw .noRoom(needed: bytes.byteCount, free: freeCapacity) }
        unsafe bytes.withUnsafeBytes { source in unsafe copyIn(source) }
    }

    /// Throws `noRoom` unless so many bytes can still be appended.
    @inlinable
    package func requireRoom(_ count: Int) throws(WireError) {
        guard count <= freeCapacity else { throw .noRoom(needed: count, free: freeCapacity) }
    }

    /// Appends bytes that are known to fit; the one place of this module that writes through a pointer.
    ///
    /// Copying bytes, instead of storing a value, needs no alignment of the place they go to.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func copyIn(_ source: UnsafeRawBufferPointer) {
        precondition(source.count <= freeCapacity, "caller must check the room")
        guard source.count > 0 else { return }
        unsafe withUnsafeMutableBytes { buffer, count in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            unsafe room.copyMemory(from: source)
            count += source.count
        }
    }
}
