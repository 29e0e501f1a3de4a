import CRingFUSE

/// GETLK, SETLK and SETLKW.
package struct LockRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// Owner of the lock.
    package let owner: UInt64
    /// First byte of the range.
    package let start: UInt64
    /// Last byte of the range, itself included.
    package let end: UInt64
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    package let type: UInt32
    /// Process that asks.
    package let pid: UInt32
    /// Whether it is a lock of flock(2), not of fcntl(2) (`FUSE_LK_FLOCK`).
    package let isFlock: Bool

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_lk_in.self)
        fileHandle = raw.fh
        owner = raw.owner
        start = raw.lk.start
        end = raw.lk.end
        type = raw.lk.type
        pid = raw.lk.pid
        isFlock = raw.lk_flags & FUSE_LK_FLOCK != 0
    }
}

/// IOCTL.
package struct IoctlRequest: ~Escapable {
    /// The handle.
    package let fileHandle: UInt64
    /// `FUSE_IOCTL_...`.
    package let flags: UInt32
    /// The command.
    package let command: UInt32
    /// The argument as the caller gave it: most often an address in its memory, which means nothing here.
    package let argument: UInt64
    /// Most bytes that the caller takes back.
    package let outputSize: UInt32
    /// Bytes from the caller.
    package let input: RawSpan

    /// Decodes the request; throws `truncated` or `badLength`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_ioctl_in.self)
        fileHandle = raw.fh
        flags = raw.flags
        command = raw.cmd
        self.argument = raw.arg
        outputSize = raw.out_size
        input = try payload.data(exactly: raw.in_size)
    }
}

/// POLL.
package struct PollRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// The kernel's own handle, for the wake-up notification.
    package let kernelHandle: UInt64
    /// Whether a wake-up is wanted (`FUSE_POLL_SCHEDULE_NOTIFY`).
    package let wantsWakeUp: Bool
    /// Events asked for, as in poll(2).
    package let events: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_poll_in.self)
        fileHandle = raw.fh
        kernelHandle = raw.kh
        wantsWakeUp = raw.flags & FUSE_POLL_SCHEDULE_NOTIFY != 0
        events = raw.events
    }
}

/// BMAP.
package struct BmapRequest: Equatable, Sendable {
    /// Block of the file.
    package let block: UInt64
    /// Size of a block, in bytes.
    package let blockSize: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_bmap_in.self)
        block = raw.block
        blockSize = raw.blocksize
    }
}

/// INTERRUPT: the caller of a request does not want to wait any longer.
package struct InterruptRequest: Equatable, Sendable {
    /// `unique` of that request.
    package let target: UInt64

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        target = try argument.load(fuse_interrupt_in.self).unique
    }
}

/// SYNCFS, which says nothing more than that.
package struct SyncFSRequest: Equatable, Sendable {
    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        _ = try argument.load(fuse_syncfs_in.self)
    }
}

/// FORGET.
package struct ForgetRequest: Equatable, Sendable {
    /// How many of the kernel's references to the header's node are gone.
    package let lookUpCount: UInt64

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        lookUpCount = try argument.load(fuse_forget_in.self).nlookup
    }
}

/// BATCH_FORGET: many FORGETs in one.
package struct BatchForgetRequest: ~Escapable {
    /// One of them.
    package struct Entry: Equatable, Sendable {
        /// The node.
        package let node: UInt64
        /// How many of the kernel's references to it are gone.
        package let lookUpCount: UInt64
    }

    /// How many there are; all of them are in the payload.
    package let count: Int
    /// The entries, undecoded.
    private let entries: RawSpan

    /// Decodes the request; throws `truncated`, or `badLength` when there is more than `count` says.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_batch_forget_in.self)
        // Checked in 64 bits: 2^32 entries of 16 bytes.
        let expected = Int(raw.count) * MemoryLayout<fuse_forget_one>.size
        guard payload.byteCount >= expected else {
            throw .truncated(expected: expected, got: payload.byteCount)
        }
        guard payload.byteCount == expected else { throw .badLength }
        count = Int(raw.count)
        entries = payload
    }

    /// The entry at an index below `count`; throws `truncated` at any other.
    package func entry(at index: Int) throws(WireError) -> Entry {
        guard index >= 0, index < count else { throw .truncated(expected: index, got: count) }
        let raw = try entries.load(fuse_forget_one.self, at: index * MemoryLayout<fuse_forget_one>.size)
        return Entry(node: raw.nodeid, lookUpCount: raw.nlookup)
    }

    /// Calls a function with each entry.
    package func forEach(_ body: (Entry) -> Void) {
        for index in 0..<count {
            // Never fails: the initialiser checked that all entries are there.
            guard let entry = try? entry(at: index) else { return }
            body(entry)
        }
    }
}
