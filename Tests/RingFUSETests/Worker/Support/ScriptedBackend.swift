import RingFUSE
import Synchronization
import SystemPackage

/// A backend that does with a request what the number of its node says.
final class ScriptedBackend: FileSystem {
    /// Answered at once.
    static let immediate: UInt64 = 10
    /// Answered when its gate is opened.
    static let gated: UInt64 = 20
    /// The same, or fails with `EINTR` when it is cancelled.
    static let cancellable: UInt64 = 21
    /// Answered after an operation of the worker's engine.
    static let operating: UInt64 = 22
    /// Answered after it has given way to other tasks.
    static let yielding: UInt64 = 23
    /// Fails at once with the errno that is added.
    static let failsAtOnce: UInt64 = 1_000_000
    /// Is deferred and fails with the errno that is added.
    static let fails: UInt64 = 2_000_000

    /// What was asked of it.
    struct Record {
        /// Requests that were deferred, and whether their task was cancelled from the start.
        var started: [UInt64] = []
        var startedCancelled: [UInt64] = []
        /// Requests whose tasks were cancelled by the time they were answered.
        var endedCancelled: [UInt64] = []
        var forgotten: [UInt64: UInt64] = [:]
        /// Data of WRITEs, as it was after the wait.
        var written: [UInt64: [UInt8]] = [:]
    }

    /// Where its requests wait.
    let gates = Gates()
    private let state = Mutex(Record())

    /// What was asked of it.
    var record: Record { state.withLock { $0 } }

    func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        throw .noSuchFileOrDirectory
    }

    func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        if (Self.failsAtOnce..<Self.fails).contains(node.rawValue) {
            throw Errno(rawValue: Int32(node.rawValue - Self.failsAtOnce))
        }
        return node.rawValue == Self.immediate ? .answered(reply(node, context.unique)) : .deferred
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        try await serve(node, context)
        return reply(node, context.unique)
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await serve(file.node, context)
        while buffer.freeCapacity > 0 { buffer.append(UInt8(truncatingIfNeeded: context.unique)) }
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await serve(file.node, context)
        let bytes = data.byteOffsets.map { unsafe data.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        let unique = context.unique
        state.withLock { $0.written[unique] = bytes }
        return bytes.count
    }

    func forget(_ node: NodeID, lookups: UInt64) {
        state.withLock { $0.forgotten[node.rawValue, default: 0] &+= lookups }
    }

    private func reply(_ node: NodeID, _ unique: UInt64) -> AttributesReply {
        AttributesReply(Attributes(node: node, mode: NodeMode(rawValue: 0o100644), size: unique))
    }

    /// What all deferred requests do.
    private func serve(_ node: NodeID, _ context: borrowing RequestContext) async throws(Errno) {
        let unique = context.unique
        state.withLock { record in
            record.started.append(unique)
            if Task.isCancelled { record.startedCancelled.append(unique) }
        }
        defer {
            if Task.isCancelled { state.withLock { $0.endedCancelled.append(unique) } }
        }
        var error: Int32 = 0
        switch node.rawValue {
        case Self.gated: error = await gates.pass(unique)
        case Self.cancellable: error = await gates.passUnlessCancelled(unique)
        case Self.operating: try await context.io.synchronize(FileDescriptor(rawValue: 99))
        case Self.yielding: for _ in 0..<3 { await Task.yield() }
        case Self.fails...: error = Int32(node.rawValue - Self.fails)
        default: break
        }
        if error != 0 { throw Errno(rawValue: error) }
    }
}
