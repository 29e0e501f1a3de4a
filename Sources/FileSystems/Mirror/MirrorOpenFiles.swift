internal import CRingFUSE
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The descriptors of open files, which handles name directly.
///
/// A handle is a descriptor's number plus one (0 means "no handle"), so that a read or a write finds its file
/// without lock, hash or allocation. Only the kernel tells us handles, and it tells those that we gave it, until
/// it releases them. Should it ever do otherwise, a bit per descriptor says whether it is one of ours, so that no
/// request reaches a socket or a file that the process has open for itself, and none is closed twice.
///
/// Any thread may call anything.
@safe
final class MirrorOpenFiles: @unchecked Sendable {
    /// Set for descriptors that are open files.
    private let open: UnsafeMutableBufferPointer<Atomic<UInt64>>
    /// Set for those that append (`O_APPEND`).
    private let appending: UnsafeMutableBufferPointer<Atomic<UInt64>>

    /// A table of no files.
    ///
    /// - Parameter capacity: descriptors from this number on are refused.
    init(capacity: Int) {
        let words = (capacity + 63) / 64
        unsafe open = .allocate(capacity: words)
        unsafe appending = .allocate(capacity: words)
        for index in 0..<words {
            unsafe open.initializeElement(at: index, to: Atomic(0))
            unsafe appending.initializeElement(at: index, to: Atomic(0))
        }
    }

    /// Descriptors from this number on are refused.
    var capacity: Int { unsafe open.count * 64 }

    deinit {
        closeAll()
        unsafe open.deinitialize().deallocate()
        unsafe appending.deinitialize().deallocate()
    }

    /// Takes a descriptor over.
    ///
    /// - Throws: `EMFILE` where its number is beyond the table; it has been closed then.
    func insert(_ descriptor: CInt, appends: Bool) throws(Errno) -> HandleID {
        let (word, bit) = Self.place(of: Int(descriptor))
        guard unsafe word < open.count else {
            _ = rfuse_close(descriptor)
            throw .tooManyOpenFiles
        }
        if appends {
            unsafe appending[word].bitwiseOr(bit, ordering: .relaxed)
        } else {
            unsafe appending[word].bitwiseAnd(~bit, ordering: .relaxed)
        }
        unsafe open[word].bitwiseOr(bit, ordering: .releasing)
        return HandleID(UInt64(descriptor) + 1)
    }

    /// The descriptor that a handle names.
    ///
    /// - Throws: `EBADF` where it is none of ours.
    func descriptor(of handle: HandleID) throws(Errno) -> CInt {
        guard handle != .none, unsafe handle.rawValue <= UInt64(open.count) * 64 else { throw .badFileDescriptor }
        let (word, bit) = Self.place(of: Int(handle.rawValue - 1))
        guard unsafe open[word].load(ordering: .acquiring) & bit != 0 else { throw .badFileDescriptor }
        return CInt(handle.rawValue - 1)
    }

    /// Whether a descriptor of ours appends whatever it writes.
    func appends(_ descriptor: CInt) -> Bool {
        let (word, bit) = Self.place(of: Int(descriptor))
        return unsafe appending[word].load(ordering: .relaxed) & bit != 0
    }

    /// Gives a descriptor back to the caller, who is to close it.
    ///
    /// - Throws: `EBADF` where it is none of ours, or no longer.
    func remove(_ handle: HandleID) throws(Errno) -> CInt {
        let descriptor = try descriptor(of: handle)
        let (word, bit) = Self.place(of: Int(descriptor))
        let old = unsafe open[word].bitwiseAnd(~bit, ordering: .acquiringAndReleasing).oldValue
        guard old & bit != 0 else { throw .badFileDescriptor }
        return descriptor
    }

    /// Closes what is still open.
    func closeAll() {
        for word in unsafe open.indices {
            var bits = unsafe open[word].exchange(0, ordering: .acquiringAndReleasing)
            while bits != 0 {
                _ = rfuse_close(CInt(word * 64 + bits.trailingZeroBitCount))
                bits &= bits - 1
            }
        }
    }

    /// Where the bit of a descriptor is.
    private static func place(of descriptor: Int) -> (word: Int, bit: UInt64) {
        (descriptor / 64, 1 << UInt64(descriptor % 64))
    }
}
