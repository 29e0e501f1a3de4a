internal import CRingFUSE
internal import Glibc
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
    /// What is known of a descriptor: eight bits, of which eight stand in a word.
    struct Traits: OptionSet, Sendable {
        /// The bits.
        let rawValue: UInt64

        /// It is an open file of ours.
        static let open = Traits(rawValue: 1 << 0)
        /// It appends whatever it writes (`O_APPEND`).
        static let appends = Traits(rawValue: 1 << 1)
        /// Its reads wait, or may and can't be told not to.
        static let readsWait = Traits(rawValue: 1 << 2)
        /// Its writes wait.
        static let writesWait = Traits(rawValue: 1 << 3)
        /// Its writes may wait, though rarely, and can't be told not to.
        static let writesMayWait = Traits(rawValue: 1 << 4)
        /// Its content is in memory and nowhere else, so that nothing waits.
        static let isResident = Traits(rawValue: 1 << 5)
        /// It is on another file system than the source, one that may be short of room.
        static let isElsewhere = Traits(rawValue: 1 << 6)
        /// Reads and writes are not for a thread that others wait for.
        static let waits: Traits = [.readsWait, .writesWait]
    }

    private static let bits = 8
    private static let perWord = UInt64.bitWidth / bits

    /// The traits of all descriptors.
    private let words: UnsafeMutableBufferPointer<Atomic<UInt64>>

    /// A table of no files.
    ///
    /// - Parameter capacity: descriptors from this number on are refused.
    init(capacity: Int) {
        let count = (capacity + Self.perWord - 1) / Self.perWord
        // From calloc, so that what no descriptor has come to takes no memory: zeros are an atomic 0.
        guard let memory = unsafe calloc(count, MemoryLayout<Atomic<UInt64>>.stride) else {
            preconditionFailure("no memory for the table of open files")
        }
        unsafe words = UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: Atomic<UInt64>.self, capacity: count), count: count)
    }

    /// Descriptors from this number on are refused.
    var capacity: Int { unsafe words.count * Self.perWord }

    deinit {
        closeAll()
        unsafe free(words.baseAddress)
    }

    /// Takes a descriptor over.
    ///
    /// - Parameter traits: what else is known of it.
    /// - Throws: `EMFILE` where its number is beyond the table; it has been closed then.
    func insert(_ descriptor: CInt, _ traits: Traits) throws(Errno) -> HandleID {
        let (word, shift) = Self.place(of: Int(descriptor))
        guard unsafe word < words.count else {
            _ = rfuse_close(descriptor)
            throw .tooManyOpenFiles
        }
        // What the last one of this number had is gone: nobody else knows the number meanwhile.
        unsafe words[word].bitwiseAnd(~(Self.mask << shift), ordering: .relaxed)
        unsafe words[word].bitwiseOr(traits.union(.open).rawValue << shift, ordering: .releasing)
        return HandleID(UInt64(descriptor) + 1)
    }

    /// The descriptor that a handle names.
    ///
    /// - Throws: `EBADF` where it is none of ours.
    func descriptor(of handle: HandleID) throws(Errno) -> CInt { try found(handle).descriptor }

    /// The descriptor that a handle names, and what is known of it.
    ///
    /// - Throws: `EBADF` where it is none of ours.
    func found(_ handle: HandleID) throws(Errno) -> (descriptor: CInt, traits: Traits) {
        guard handle != .none, handle.rawValue <= UInt64(capacity) else { throw .badFileDescriptor }
        let descriptor = CInt(handle.rawValue - 1)
        let (word, shift) = Self.place(of: Int(descriptor))
        let traits = unsafe Traits(rawValue: words[word].load(ordering: .acquiring) >> shift & Self.mask)
        guard traits.contains(.open) else { throw .badFileDescriptor }
        return (descriptor, traits)
    }

    /// Notes what has been learned of a descriptor of ours.
    func learn(_ traits: Traits, of descriptor: CInt) {
        let (word, shift) = Self.place(of: Int(descriptor))
        unsafe words[word].bitwiseOr(traits.rawValue << shift, ordering: .relaxed)
    }

    /// Gives a descriptor back to the caller, who is to close it.
    ///
    /// - Throws: `EBADF` where it is none of ours, or no longer.
    func remove(_ handle: HandleID) throws(Errno) -> CInt {
        let descriptor = try descriptor(of: handle)
        let (word, shift) = Self.place(of: Int(descriptor))
        let isOpen = Traits.open.rawValue << shift
        let old = unsafe words[word].bitwiseAnd(~isOpen, ordering: .acquiringAndReleasing).oldValue
        guard old & isOpen != 0 else { throw .badFileDescriptor }
        return descriptor
    }

    /// Closes what is still open.
    func closeAll() {
        for word in unsafe words.indices where unsafe words[word].load(ordering: .relaxed) != 0 {
            let bits = unsafe words[word].exchange(0, ordering: .acquiringAndReleasing)
            for slot in 0..<Self.perWord where bits >> UInt64(slot * Self.bits) & Traits.open.rawValue != 0 {
                _ = rfuse_close(CInt(word * Self.perWord + slot))
            }
        }
    }

    /// The bits of one descriptor.
    private static var mask: UInt64 { 1 << UInt64(bits) - 1 }

    /// Where the bits of a descriptor are.
    private static func place(of descriptor: Int) -> (word: Int, shift: UInt64) {
        (descriptor / perWord, UInt64(descriptor % perWord * bits))
    }
}
