internal import Ring
internal import Synchronization
internal import SystemPackage

/// The memory for content: one mapping, in slots of a block each. Cache and unwritten data share it, and there is no
/// other: this is the hard limit of what a volume takes for content.
@safe
final class BlockMemory: @unchecked Sendable {
    // The mapping never moves; who may touch which slot is told by who holds its ``Block``.
    private let region: MappedRegion
    private let unused: Mutex<ContiguousArray<Int32>>
    /// Bytes of a slot.
    let blockSize: Int
    /// How many there are.
    let slotCount: Int

    /// Memory for so many bytes, not yet backed by pages.
    ///
    /// - Throws: `ENOMEM`.
    init(byteCount: Int, blockSize: Int) throws(Errno) {
        self.blockSize = blockSize
        slotCount = max(16, byteCount / blockSize)
        region = try MappedRegion(byteCount: slotCount * blockSize)
        region.adviseHugePages()
        // The lowest first: memory that was never used stays unpopulated.
        unused = Mutex(ContiguousArray((0..<Int32(slotCount)).reversed()))
    }

    /// Slots that nobody holds.
    var unusedCount: Int { unused.withLock { $0.count } }

    /// A block of undefined content; `nil` where all are held.
    func take() -> Block? {
        guard let slot = unused.withLock({ $0.popLast() }) else { return nil }
        return Block(slot, of: self)
    }

    /// A block's bytes are not needed any more. Called by ``Block`` only.
    fileprivate func give(_ slot: Int32) {
        unused.withLock { $0.append(slot) }
    }

    /// The memory of a slot.
    @unsafe
    fileprivate func address(of slot: Int32) -> UnsafeMutableRawPointer {
        unsafe region.base + Int(slot) * blockSize
    }
}

/// A slot of ``BlockMemory``, held as long as this lives.
///
/// Whoever fills a block is alone with it until it is shown to others; from then on nobody writes to it, but for a file's
/// unwritten blocks, which are read and written under the file's lock.
final class Block: @unchecked Sendable {
    /// Where its memory is: that of the next slot follows it.
    let slot: Int32
    private let memory: BlockMemory
    /// Whether somebody has used it since the cache last looked.
    let isUsed = Atomic(false)

    fileprivate init(_ slot: Int32, of memory: BlockMemory) {
        self.slot = slot
        self.memory = memory
    }

    deinit { memory.give(slot) }

    /// Its bytes, to be filled.
    ///
    /// - Parameter body: must not keep the buffer.
    @unsafe
    func withMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeMutableRawBufferPointer(start: memory.address(of: slot), count: memory.blockSize))
    }

    /// Copies bytes into it.
    ///
    /// - Parameter offset: bytes from its start; there must be room.
    func copy(_ bytes: RawSpan, to offset: Int) {
        precondition(offset >= 0 && bytes.byteCount <= memory.blockSize - offset, "beyond the block")
        guard bytes.byteCount > 0 else { return }
        unsafe withMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe (target.baseAddress.unsafelyUnwrapped + offset).copyMemory(
                    from: source.baseAddress.unsafelyUnwrapped, byteCount: source.count)
            }
        }
    }

    /// A copy of some of its bytes.
    func bytes(_ range: Range<Int>) -> ContiguousArray<UInt8> {
        unsafe ContiguousArray<UInt8>(unsafeUninitializedCapacity: range.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var output = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            append(range, to: &output)
            count = unsafe output.finalize(for: raw)
        }
    }

    /// Appends bytes of it to a buffer, which must have room.
    func append(_ range: Range<Int>, to buffer: inout OutputRawSpan) {
        precondition(range.lowerBound >= 0 && range.upperBound <= memory.blockSize, "beyond the block")
        unsafe withMutableBytes { source in
            unsafe buffer.append(UnsafeRawBufferPointer(rebasing: source[range]))
        }
    }
}

extension OutputRawSpan {
    /// Appends bytes, which must fit.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= freeCapacity, "more bytes than the buffer has room for")
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe withUnsafeMutableBytes { target, initialized in
            unsafe (target.baseAddress.unsafelyUnwrapped + initialized).copyMemory(from: source, byteCount: bytes.count)
            initialized += bytes.count
        }
    }

    /// Appends zeros, which must fit.
    mutating func append(zeros count: Int) {
        precondition(count <= freeCapacity, "more bytes than the buffer has room for")
        guard count > 0 else { return }
        unsafe withUnsafeMutableBytes { target, initialized in
            unsafe (target.baseAddress.unsafelyUnwrapped + initialized).initializeMemory(
                as: UInt8.self, repeating: 0, count: count)
            initialized += count
        }
    }
}
