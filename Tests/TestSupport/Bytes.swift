package import FUSEProtocol

/// A copy of a borrowed name.
package func array(_ span: Span<UInt8>) -> [UInt8] {
    span.indices.map { span[$0] }
}

/// A copy of borrowed bytes.
package func array(_ bytes: RawSpan) -> [UInt8] {
    array(Span<UInt8>(_bytes: bytes))
}

/// A copy of a borrowed name, as text.
package func text(_ span: Span<UInt8>) -> String {
    String(decoding: array(span), as: UTF8.self)
}

/// Borrowed bytes of an array.
@_lifetime(borrow octets)
package func raw(_ octets: borrowing [UInt8]) -> RawSpan {
    RawSpan(_elements: octets.span)
}

/// What a function appends to an output of so many bytes, which is full of 0xaa before.
package func encoded(
    capacity: Int = 4096,
    _ body: (inout OutputRawSpan) throws(WireError) -> Void
) throws(WireError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0xaa)
    var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    try body(&output)
    let count = unsafe output.finalize(for: buffer)
    return unsafe [UInt8](buffer[..<count])
}
