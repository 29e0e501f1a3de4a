import CRingFUSE
import FUSEProtocol
package import Ring
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A worker's half of the device transport: reads requests from its own clone of /dev/fuse and writes replies to it.
///
/// While nothing is being served, the worker sleeps in `read` itself: two system calls a request, as few as the
/// device allows. While requests are being served, it sleeps in `poll` on the device, the mailbox and (through the
/// same eventfd) the ring of asynchronous operations, and reads without blocking.
@safe
package struct DeviceChannel<Queue: SubmissionQueue>: RequestChannel, ~Copyable {
    /// Both are clones of one connection, each with its own open file: a reply goes to the one its request came from.
    package struct Descriptors: Sendable {
        /// For reads that may sleep.
        package var blocking: FileDescriptor
        /// `O_NONBLOCK`: another worker may take what `poll` announced.
        package var nonblocking: FileDescriptor

        package init(blocking: FileDescriptor, nonblocking: FileDescriptor) {
            self.blocking = blocking
            self.nonblocking = nonblocking
        }
    }

    /// The ring of asynchronous operations, if there is one.
    package struct Operations {
        let ring: Queue
        let io: RingIO<Queue>

        package init(ring: Queue, io: RingIO<Queue>) {
            self.ring = ring
            self.io = io
        }
    }

    private struct Slot {
        var argumentSize = 0
        var length = 0
        var file: Int32 = -1
    }

    private let worker: Int
    private let descriptors: Descriptors
    private let mailbox: Mailbox
    private let operations: Operations?
    private let buffers: EntryBuffers
    private let format: DeviceFormat
    private let report: @Sendable (WorkerEvent) -> Void
    private let parking: Parking
    private let slots: UnsafeMutableBufferPointer<Slot>
    /// A stack, so that an idle mount keeps using the same, cached memory.
    private let free: UnsafeMutableBufferPointer<Int32>
    private let completions: UnsafeMutableBufferPointer<Completion>
    private var freeCount: Int
    private var isClosed = false
    /// Whether nodes that are forgotten are waited for, so that one read brings many: beside a ring, where no request
    /// waits for this thread.
    private let gathersForgets: Bool
    /// Whether the last read brought some.
    private var isGathering = false

    /// A channel over clones of the connection.
    ///
    /// - Parameters:
    ///   - buffers: the memory of its entries.
    ///   - format: how the kernel lays requests out.
    ///   - operations: the ring for asynchronous operations; its completions signal the mailbox's eventfd.
    ///   - gathersForgets: whether to wait a little between reads that bring forgotten nodes.
    ///   - parking: where to tell of sleep in a read.
    package init(
        worker: Int,
        descriptors: Descriptors,
        mailbox: Mailbox,
        buffers: consuming EntryBuffers,
        format: DeviceFormat,
        operations: Operations?,
        gathersForgets: Bool = false,
        parking: Parking = Parking(),
        report: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) {
        self.worker = worker
        self.descriptors = descriptors
        self.mailbox = mailbox
        self.operations = operations
        self.gathersForgets = gathersForgets
        self.format = format
        self.parking = parking
        self.report = report
        let count = buffers.count
        self.buffers = buffers
        unsafe slots = CacheLines.allocateBuffer(count: count)
        unsafe slots.initialize(repeating: Slot())
        unsafe free = CacheLines.allocateBuffer(count: count)
        for entry in 0..<count { unsafe free.initializeElement(at: entry, to: Int32(entry)) }
        unsafe completions = CacheLines.allocateBuffer(count: 64)
        unsafe completions.initialize(repeating: Completion())
        freeCount = count
    }

    deinit {
        unsafe CacheLines.free(slots.baseAddress)
        unsafe CacheLines.free(free.baseAddress)
        unsafe CacheLines.free(completions.baseAddress)
    }

    package var entryCount: Int { unsafe slots.count }

    package var isFinished: Bool { isClosed }

    package var isDisconnected: Bool { isClosed }

    /// A turn reads until the device is empty, or no entry is free to be interrupted.
    package var mayHoldMore: Bool { false }

    package var isHopeless: Bool { false }

    package private(set) var systemCalls: UInt64 = 0

    package mutating func start() throws(Errno) {}

    // MARK: Turns

    package mutating func collect(mayWait: Bool, isIdle: Bool, into arrivals: inout ArrivalBatch) -> Bool {
        if isIdle && mayWait && !isClosed {
            // Only a request can need this thread now. What else the mailbox holds belongs to requests that are
            // answered.
            if isGathering { usleep(Self.gatheringPause) }
            unsafe parking.park(with: Int(free[freeCount - 1]))
            _ = receive(from: descriptors.blocking, into: &arrivals)
            parking.leave()
            isGathering = gathersForgets && arrivals.count > 0 && bringsForgets(arrivals[0])
            return false
        }
        let completed = pumpOperations()
        let woken = sleep(for: mayWait && !completed ? longestSleep : 0)
        if woken {
            mailbox.acknowledge()
            _ = pumpOperations()
        }
        // Bounded: no more requests in a turn than there are free entries.
        while freeCount > 0 && !isClosed && receive(from: descriptors.nonblocking, into: &arrivals) {}
        return woken
    }

    /// Whether a request is FORGET or BATCH_FORGET.
    private func bringsForgets(_ entry: Int) -> Bool {
        let opcode = frame(of: entry).opcode
        return opcode == Opcode.forget.rawValue || opcode == Opcode.batchForget.rawValue
    }

    /// Microseconds to wait for more nodes to be forgotten. A thread that sleeps in `read` is woken for each of them,
    /// and takes the CPU from whoever removes files; one that sleeps here finds them together in one BATCH_FORGET.
    /// INTERRUPTs come as much later at the most.
    private static var gatheringPause: UInt32 { 1000 }

    /// Submits asynchronous operations and completes those that are done.
    ///
    /// - Returns: whether any was done.
    private func pumpOperations() -> Bool {
        guard let operations, operations.io.isActive else { return false }
        _ = operations.ring.submitAndPoll()
        var any = false
        while true {
            let count = unsafe operations.ring.reap(into: completions)
            for position in 0..<count {
                let completion = unsafe completions[position]
                if CompletionTag.tag(of: completion.user_data) == .operation {
                    operations.io.complete(completion.user_data, result: completion.result)
                    any = true
                }
            }
            if unsafe count < completions.count { return any }
        }
    }

    /// Milliseconds to sleep at the most; -1 for ever.
    ///
    /// What the kernel has not taken (it had no memory, or was interrupted) wakes nobody: it is soon tried again.
    private var longestSleep: Int32 {
        guard let operations, operations.io.isActive, operations.ring.hasQueued else { return -1 }
        return 1
    }

    /// Sleeps until the device or the mailbox has something.
    ///
    /// - Returns: whether the mailbox has.
    private mutating func sleep(for milliseconds: Int32) -> Bool {
        systemCalls += 1
        var polled: (pollfd, pollfd) = (
            pollfd(fd: mailbox.eventFile.rawValue, events: Int16(POLLIN), revents: 0),
            // With no entry free there is nothing to read into, but `poll` tells of the end without being asked.
            pollfd(
                fd: isClosed ? -1 : descriptors.nonblocking.rawValue, events: freeCount > 0 ? Int16(POLLIN) : 0,
                revents: 0)
        )
        let count = unsafe withUnsafeMutableBytes(of: &polled) { bytes in
            unsafe poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, milliseconds)
        }
        // With one free, `read` tells more.
        if count > 0 && freeCount == 0 && polled.1.revents & Int16(POLLERR | POLLHUP) != 0 { isClosed = true }
        return count > 0 && polled.0.revents != 0
    }

    /// Reads one request into a free entry.
    ///
    /// - Returns: whether another read may find more.
    private mutating func receive(from file: FileDescriptor, into arrivals: inout ArrivalBatch) -> Bool {
        let entry = unsafe Int(free[freeCount - 1])
        let start = unsafe buffers.payload(of: entry) - EntryBuffers.deviceHead
        systemCalls += 1
        let length = unsafe read(file.rawValue, start, EntryBuffers.deviceHead + buffers.payloadCapacity)
        guard length >= 0 else { return readFailed(errno) }
        if length == 0 {
            // A FUSE device never says that; the socket that stands for one in tests does when it is closed.
            isClosed = true
            return false
        }
        guard let argumentSize = unsafe format.argumentSize(UnsafeRawBufferPointer(start: start, count: length)) else {
            // Less than a header, or not the length that its header names: not from a FUSE device.
            report(.transportFailed(worker: worker, errno: Errno.protocolError.rawValue))
            isClosed = true
            return false
        }
        buffers.dirty(of: entry).grow(to: length - EntryBuffers.deviceHead)
        freeCount -= 1
        unsafe slots[entry] = Slot(argumentSize: argumentSize, length: length, file: file.rawValue)
        arrivals.append(entry)
        return true
    }

    /// Judges a read that failed.
    ///
    /// - Returns: whether another read may succeed.
    mutating func readFailed(_ error: Int32) -> Bool {
        switch error {
        case EAGAIN:
            return false
        case EINTR, ENOENT:
            // ENOENT: the request was interrupted while it was being copied; the next one is as good.
            return true
        case ECONNABORTED:
            if wasAborted { report(.connectionAborted) }
            isClosed = true
            return false
        case ENODEV, ENOTCONN:
            isClosed = true
            return false
        default:
            report(.transportFailed(worker: worker, errno: error))
            isClosed = true
            return false
        }
    }

    /// Whether a connection that a read failed on with ECONNABORTED was aborted, not unmounted.
    ///
    /// Since FUSE_ABORT_ERROR is agreed on, an unmount is ENODEV. But a read that has taken a request just when an
    /// unmount takes the queues down fails with ECONNABORTED all the same (`fuse_dev_do_read`); a moment later reads
    /// say ENODEV.
    private var wasAborted: Bool {
        let start = unsafe buffers.payload(of: Int(free[freeCount - 1])) - EntryBuffers.deviceHead
        let size = EntryBuffers.deviceHead + buffers.payloadCapacity
        for _ in 0..<Self.abortReads {
            if unsafe read(descriptors.nonblocking.rawValue, start, size) < 0 && errno == ENODEV { return false }
            usleep(Self.abortPause)
        }
        return true
    }

    /// How often the end of a connection is looked at again.
    private static var abortReads: Int { 10 }
    /// Microseconds between two looks.
    private static var abortPause: UInt32 { 1000 }

    // MARK: Requests

    package func frame(of entry: Int) -> RequestFrame {
        let slot = unsafe slots[entry]
        let header = unsafe buffers.payload(of: entry) - EntryBuffers.deviceHead
        let rest = slot.length - Self.headerSize - slot.argumentSize
        let argument = unsafe header + Self.headerSize
        return unsafe RequestFrame(
            header: UnsafeRawPointer(header),
            argument: UnsafeRawBufferPointer(start: argument, count: slot.argumentSize),
            payload: UnsafeRawBufferPointer(start: argument + slot.argumentSize, count: rest),
            reply: UnsafeMutableRawBufferPointer(
                start: buffers.payload(of: entry), count: buffers.payloadCapacity),
            scratch: buffers.scratch(of: entry),
            dirty: buffers.dirty(of: entry))
    }

    package mutating func commit(_ entry: Int, unique: UInt64, error: Int32, length: Int) {
        // The reply's header goes directly before its payload, over the request, which is of no more use.
        let start = unsafe buffers.payload(of: entry) - Self.replyHeaderSize
        let total = Self.replyHeaderSize + (error == 0 ? length : 0)
        unsafe start.storeBytes(
            of: fuse_out_header(len: UInt32(total), error: -error, unique: unique), as: fuse_out_header.self)
        systemCalls += 1
        while unsafe write(slots[entry].file, start, total) < 0 {
            let failure = errno
            if failure == EINTR { continue }
            // ENOENT: the caller was interrupted and is gone. ENODEV and the like: so is the connection.
            let expected = [ENOENT, ENODEV, ENOTCONN, ECONNABORTED]
            if !expected.contains(failure) {
                report(.replyRefused(worker: worker, unique: unique, errno: failure))
            }
            break
        }
        release(entry)
    }

    package mutating func release(_ entry: Int) {
        unsafe free[freeCount] = Int32(entry)
        freeCount += 1
    }

    /// Gives memory back. Replies are written at once: what is not served is empty.
    package func giveBack(unless isServed: (Int) -> Bool) { buffers.extent.giveBack { !isServed($0) } }

    private static var headerSize: Int { 40 }
    private static var replyHeaderSize: Int { 16 }
}
