/// Reply memory that holds somebody else's bytes until a backend has written its own, as an entry's payload does.
@safe
final class Reply {
    /// The memory; used through one span at a time.
    let memory: UnsafeMutableRawBufferPointer
    /// The byte that the memory is full of before.
    static let stale: UInt8 = 0xaa

    /// Reply memory of a size.
    init(capacity: Int) {
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
        _ = unsafe memory.initializeMemory(as: UInt8.self, repeating: Self.stale)
    }

    /// Where it starts.
    var base: UnsafeMutableRawPointer {
        guard let base = unsafe memory.baseAddress else { preconditionFailure("reply memory of no bytes") }
        return unsafe base
    }

    deinit { unsafe memory.deallocate() }

    /// What was written.
    func bytes(of span: consuming OutputRawSpan) -> [UInt8] {
        let count = unsafe span.finalize(for: memory)
        return unsafe Array(memory[..<count])
    }
}
