extension RawSpan {
    /// Reads a structure of the ABI at a byte offset, which need not be aligned.
    @inlinable
    package func load<T: WireStruct & BitwiseCopyable>(_ type: T.Type, at offset: Int = 0) throws(WireError) -> T {
        guard offset >= 0, offset <= byteCount, MemoryLayout<T>.size <= byteCount - offset else {
            throw .truncated(expected: offset &+ MemoryLayout<T>.size, got: byteCount)
        }
        // The range was just checked, and any bytes are a value of a `WireStruct`.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The bytes of a range that is known to lie inside, as octets.
    @_lifetime(copy self)
    func octets(_ range: Range<Int>) -> Span<UInt8> {
        Span(_bytes: extracting(range))
    }

    /// The bytes from an offset, known to lie inside, to the end.
    @inlinable
    @_lifetime(copy self)
    func suffix(from offset: Int) -> RawSpan {
        extracting(offset..<byteCount)
    }

    /// The rest from an offset, which has to be exactly as long as a field of the request says.
    @inlinable
    @_lifetime(copy self)
    func data(from offset: Int = 0, exactly count: UInt32) throws(WireError) -> RawSpan {
        let expected = offset + Int(count)
        guard byteCount >= expected else { throw .truncated(expected: expected, got: byteCount) }
        guard byteCount == expected else { throw .badLength }
        return suffix(from: offset)
    }

    /// Finds the NUL-terminated name at an offset; the range is without its NUL.
    func nameRange(_ rule: NameRule, from start: Int = 0) throws(WireError) -> Range<Int> {
        let octets = Span<UInt8>(_bytes: self)
        // The NUL itself is looked for one byte further than a name may reach.
        let limit = Swift.min(octets.count, start + NameRule.maximumByteCount + 1)
        var index = start
        while index < limit {
            let octet = octets[index]
            if octet == 0 { break }
            if octet == UInt8(ascii: "/"), !rule.allowsSlash { throw .badName }
            index += 1
        }
        guard index < limit else {
            if index - start > NameRule.maximumByteCount { throw .badName }
            throw .truncated(expected: index + 1, got: octets.count)
        }
        guard index > start else { throw .badName }
        if !rule.allowsDots, rule.isDots(octets.extracting(start..<index)) { throw .badName }
        return start..<index
    }
}
