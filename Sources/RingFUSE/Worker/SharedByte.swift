import Synchronization

/// A value of one byte that any thread may read and write, in a cache line of its own: a trivial reference, which costs whoever
/// asks in each turn no counting.
///
/// Invariant: used only until ``free()``, which whoever made it calls when nobody has it any more.
@safe
struct SharedByte<Value: AtomicRepresentable & Sendable>: @unchecked Sendable
where Value.AtomicRepresentation == UInt8.AtomicRepresentation {
    private let byte: UnsafeMutablePointer<Atomic<Value>>

    init(_ value: consuming Value) {
        unsafe byte = CacheLines.allocate(count: 1)
        unsafe byte.initialize(to: Atomic(value))
    }

    func free() {
        unsafe byte.deinitialize(count: 1)
        unsafe CacheLines.free(byte)
    }

    /// What it holds; of no order with anything else.
    var value: Value {
        get { unsafe byte.pointee.load(ordering: .relaxed) }
        nonmutating set { unsafe byte.pointee.store(newValue, ordering: .relaxed) }
    }
}
