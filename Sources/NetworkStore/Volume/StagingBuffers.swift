internal import Ring
internal import Synchronization
internal import SystemPackage

/// Memory in which objects are put together, and into which parts of them are fetched: a few buffers of an object's size.
final class StagingBuffers: Sendable {
    private struct State {
        var unused: ContiguousArray<StagingBuffer> = []
        var left: Int
        var waiting: ContiguousArray<Waiter<StagingBuffer>> = []
    }

    private let byteCount: Int
    /// How many there are at the most.
    let count: Int
    private let state: Mutex<State>
    /// The most bytes that all buffers have together.
    let limit: Int

    /// Buffers of so many bytes each.
    ///
    /// - Parameter memory: bytes for all of them; two buffers there are in any case.
    init(byteCount: Int, memory: Int) {
        self.byteCount = byteCount
        count = min(max(2, memory / byteCount), 16)
        limit = count * byteCount
        state = Mutex(State(left: count))
    }

    /// Lends a buffer to a body, which waits for one where all are lent.
    ///
    /// Nobody may ask for a second one while he has one: all would wait for each other.
    func withBuffer<Result, Failure: Error>(
        _ body: (borrowing StagingBuffer) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let buffer = await take()
        defer { give(buffer) }
        return try await body(buffer)
    }

    private func take() async -> StagingBuffer {
        await Waiter.wait { waiter in
            let buffer: StagingBuffer? = state.withLock { state in
                if let buffer = state.unused.popLast() { return buffer }
                guard state.left > 0 else {
                    state.waiting.append(waiter)
                    return nil
                }
                state.left -= 1
                return StagingBuffer(byteCount: byteCount)
            }
            if let buffer { waiter.resume(returning: buffer) }
        }
    }

    private func give(_ buffer: StagingBuffer) {
        let next: Waiter<StagingBuffer>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.unused.append(buffer)
            return nil
        }
        next?.resume(returning: buffer)
    }
}

/// A buffer that one task at a time has.
@safe
final class StagingBuffer: @unchecked Sendable {
    /// Its memory, of which nothing is promised.
    @unsafe let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        unsafe bytes = .allocate(byteCount: byteCount, alignment: 4096)
    }

    deinit { unsafe bytes.deallocate() }

    /// Bytes that it holds.
    var byteCount: Int { unsafe bytes.count }
}
