/// Memory that shares no cache line with any other.
///
/// What a worker writes for each request lies in such memory: should a line also hold what another worker writes or reads,
/// it would travel between their CPUs with each request, and the more of them there are, the slower all would be.
enum CacheLines {
    /// Bytes: CPUs of today have lines of 64, and fetch them in pairs.
    static let size = 128

    /// Uninitialised memory for so many values; give it back with ``free(_:)``.
    static func allocate<Value: ~Copyable>(_ type: Value.Type = Value.self, count: Int) -> UnsafeMutablePointer<Value> {
        precondition(MemoryLayout<Value>.alignment <= size)
        let byteCount = (max(1, count * MemoryLayout<Value>.stride) + size - 1) / size * size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: size)
        return unsafe memory.bindMemory(to: Value.self, capacity: count)
    }

    /// Uninitialised memory for so many values, with its bounds.
    static func allocateBuffer<Value>(_ type: Value.Type = Value.self, count: Int) -> UnsafeMutableBufferPointer<Value>
    {
        unsafe UnsafeMutableBufferPointer(start: allocate(count: count), count: count)
    }

    /// Gives memory back, whose values are gone.
    @unsafe
    static func free<Value: ~Copyable>(_ memory: UnsafeMutablePointer<Value>?) {
        unsafe UnsafeMutableRawPointer(memory)?.deallocate()
    }
}
