internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A file that is open or has something that is not committed: what of it is where.
///
/// A byte is looked for in what was written last: unwritten blocks, then uploads from the newest to the oldest, then what
/// is committed.
final class StoredFile: Sendable {
    /// Its node.
    let id: NodeID
    /// Passed by what changes the file as a whole (truncate, allocate, share), one at a time.
    let gate = Gate()
    /// All that changes. Nothing suspends under its lock; the locks of the cache are taken under it.
    let state: Mutex<State>

    /// All that changes of a file.
    struct State {
        /// The node as it was committed last.
        var record: NodeRecord
        /// Size and time of what is not committed.
        var pending: (size: UInt64, time: Timestamp)?
        /// Where the committed bytes are; `nil` before anybody asked.
        var extents: ExtentMap?
        /// Whether another session may have changed where they are: they are good until they can be asked for again.
        var extentsAreOld = false
        /// Whether other sessions may change the file.
        let isShared: Bool
        /// What the kernel caches of the content.
        var pages: KernelPages
        /// Rises with each change of what is committed.
        var commits: UInt64 = 0
        /// What was written last.
        var dirty: DirtyMap
        /// Attributes that were set after that.
        var held: HeldAttributes?
        /// The room that it will take.
        var claim = RoomLedger.Claim()
        /// When the oldest of it was written.
        var dirtySince: ContinuousClock.Instant?
        /// What is on its way, the oldest first.
        var uploads: ContiguousArray<Upload> = []
        /// Whether what was committed may be lost when the machine crashes.
        var isVolatile = false
        /// Where reading goes on if it is sequential.
        var readahead = Readahead()
    }

    /// A file as the engine has it.
    ///
    /// - Parameters:
    ///   - isShared: whether other sessions may change it.
    ///   - pages: what the kernel caches of its content.
    init(_ record: NodeRecord, blockSize: Int, isShared: Bool = false, pages: KernelPages = KernelPages()) {
        id = record.id
        state = Mutex(
            State(
                record: record, isShared: isShared, pages: pages, dirty: DirtyMap(blockSize: blockSize)))
    }

    /// What `stat` tells.
    var attributes: Attributes { state.withLock { $0.attributes } }

    /// Whether all of it is committed.
    var isClean: Bool { state.withLock { $0.isClean } }
}

extension StoredFile.State {
    /// Whether all is committed.
    var isClean: Bool { dirty.isEmpty && uploads.isEmpty && held == nil }

    /// The size that programs see, in bytes.
    var size: UInt64 { pending?.size ?? record.attributes.size }

    /// Type and permissions that programs see.
    var mode: NodeMode { holdsAttributes ? attributes.mode : record.attributes.mode }

    /// What `stat` tells: what is committed, and over it what is not.
    var attributes: Attributes {
        var attributes = record.attributes
        guard let pending else {
            held?.apply(to: &attributes)
            return attributes
        }
        // In the order in which it will be committed.
        for upload in uploads {
            if let time = upload.time { attributes.written(at: time) }
            upload.held?.apply(to: &attributes)
        }
        if !dirty.isEmpty || uploads.isEmpty { attributes.written(at: pending.time) }
        held?.apply(to: &attributes)
        attributes.size = pending.size
        // As it will be, about: programs take few blocks for a hole (`tar --sparse`, `cp`).
        let unwritten = uploads.reduce(dirty.byteCount) { $0 + $1.content.byteCount }
        attributes.blocks = min(attributes.blocks + UInt64(unwritten + 511) / 512, (pending.size + 511) / 512)
        return attributes
    }

    /// Takes over what the engine has after a change of this session's, unless something later is known.
    mutating func take(_ record: NodeRecord) {
        if record.version == self.record.version + 1 {
            // The kernel has made the change in what it caches, too.
            if pages.version == self.record.version { pages.version = record.version }
        } else if record.version > self.record.version {
            return refresh(record)
        }
        if record.version >= self.record.version { self.record = record }
        if isClean { pending = nil }
    }

    /// Committed bytes are elsewhere now.
    mutating func noteMove() {
        extents = nil
        commits += 1
    }

    /// Others may have changed the file.
    mutating func noteForeignChange() {
        guard isShared else { return }
        extentsAreOld = true
        commits += 1
    }

    /// Takes over what the engine has now, whoever has changed it.
    mutating func refresh(_ record: NodeRecord) {
        // Which changes without a new version: nobody sees it.
        self.record.quota = record.quota
        guard record.version > self.record.version else { return }
        noteForeignChange()
        self.record = record
        if isClean {
            pending = nil
        } else if isShared, let pending {
            // What is unwritten does not know how far others have written.
            let end = uploads.reduce(dirty.end) { max($0, $1.content.end) }
            self.pending = (max(record.attributes.size, end), pending.time)
        }
    }

    /// A run of bytes that are in one place.
    enum Run {
        /// In a block of what was written, from an offset on.
        case memory(Block, at: Int)
        /// In an object, from an offset on.
        case object(ObjectNumber, at: UInt64)
        /// In the metadata, from an offset on.
        case inline(ContiguousArray<UInt8>, at: Int)
        /// Nowhere: zeros.
        case zeros
    }

    /// What is at an offset, and where that ends: at `limit` at the latest.
    ///
    /// The extents must be there.
    func run(at offset: UInt64, limit: UInt64) -> (run: Run, end: UInt64) {
        var limit = limit
        let found = dirty.bytes(at: offset)
        limit = min(limit, found.end)
        if let block = found.block { return (.memory(block, at: found.place), limit) }
        for upload in uploads.reversed() {
            let found = upload.content.bytes(at: offset)
            limit = min(limit, found.end)
            if let block = found.block { return (.memory(block, at: found.place), limit) }
        }
        guard let (extent, end) = extents?.extent(at: offset) else { preconditionFailure("extents are not there") }
        limit = min(limit, end)
        guard let extent else { return (.zeros, limit) }
        let skipped = offset - extent.offset
        switch extent.place {
        case .object(let number, let start): return (.object(number, at: start + skipped), limit)
        case .inline(let bytes): return (.inline(bytes, at: Int(skipped)), limit)
        case .zeros: return (.zeros, limit)
        }
    }

    /// Has what was written last become an upload.
    ///
    /// - Returns: `nil` where there is nothing.
    mutating func seal() -> Upload? {
        // What was set stays to be committed where what was written has been cut off.
        let written = dirty.isEmpty ? nil : pending
        guard written != nil || held != nil else { return nil }
        let upload = Upload(dirty, size: written?.size, time: written?.time, held: held, claim: claim.take())
        uploads.append(upload)
        dirty = DirtyMap(blockSize: dirty.blockSize)
        dirtySince = nil
        held = nil
        return upload
    }
}
