import CRingFUSE
import Glibc
import Ring

@testable import RingFUSE

/// The kernel's half of a ring, in process: hands requests out, takes replies, and notes each rule that is broken.
///
/// All of it belongs to the thread of the worker that it serves, but for what is set before that starts.
@safe
final class FakeKernel {
    /// One registered entry.
    struct Entry {
        let queue: UInt16
        let header: UInt
        let payload: UInt
        let payloadSize: Int
        /// The request that the server has; `nil` while the entry waits for one.
        var commitID: UInt64?
        var isGone = false
    }

    /// A request that the server has.
    private struct Handed {
        let request: KernelRequest
        let queue: UInt16
        let userData: UInt64
    }

    /// The same connection's other ring, from which entries may come.
    weak var partner: FakeKernel?
    /// Bytes of payload that each entry must have room for, as INIT agreed.
    let payloadSize: Int
    /// The mailbox's eventfd: fixed file 1.
    let eventFile: Int32
    /// Signalled with each completion where the ring has a registered eventfd.
    var signalsCompletions = false

    /// What was done that a kernel would not have stood.
    var violations: [String] = []
    /// The replies, in their order.
    var replies: [KernelReply] = []
    /// System calls.
    var enterCount = 0
    /// Entries by their user data.
    var entries: [UInt64: Entry] = [:]
    /// Operations of backends that are under way, oldest first.
    var operations: [FakeOperation] = []
    /// The threads that queued operations.
    var operationThreads: Set<pthread_t> = []
    /// Prepared and not submitted.
    var prepared: [FakeSubmission] = []
    /// Completed and not reaped.
    var completions: [Completion] = []

    /// What the next system calls return instead of doing anything.
    var enterErrors: [Int32] = []
    /// What every system call returns from now on, if not nil.
    var permanentError: Int32?
    /// Submissions that one system call takes.
    var submissionLimit = Int.max
    /// What `queue…` of an operation returns, if not 0.
    var queueError: Int32 = 0
    /// The errno with which the REGISTER of this number (from 0) is refused.
    var refusals: [Int: Int32] = [:]
    /// Whether ASYNC_CANCEL comes in time.
    var cancelsOperations = true
    /// The connection ends by itself after so many replies.
    var repliesUntilDisconnect = Int.max

    private(set) var isConnected = true
    private(set) var isRingOff = false
    private var registerCount = 0
    private var wakeReads: [(address: UInt, userData: UInt64)] = []
    private var waiting: [UInt16: [KernelRequest]] = [:]
    private var handed: [UInt64: Handed] = [:]
    private var nextCommitID: UInt64 = 0x1000
    private var endErrno = ENOTCONN

    init(payloadSize: Int, eventFile: Int32) {
        self.payloadSize = payloadSize
        self.eventFile = eventFile
    }

    // MARK: What tests do

    /// Puts a request on a queue; it goes out with the next system call if an entry of that queue is free.
    func send(_ request: KernelRequest, queue: UInt16 = 0) {
        waiting[queue, default: []].append(request)
    }

    /// Ends the connection: entries that wait come back with an error, the others do when they are committed.
    func disconnect(_ errno: Int32 = ENOTCONN) {
        guard isConnected else { return }
        isConnected = false
        endErrno = errno
        waiting.removeAll()
        for (userData, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.commitID == nil && !entry.isGone {
            lose(userData, errno)
        }
    }

    /// Gives up one entry that waits, though the connection lives.
    func breakEntry(_ errno: Int32) {
        guard let victim = entries.filter({ $0.value.commitID == nil && !$0.value.isGone }).map(\.key).min()
        else { return note("no entry waits") }
        lose(victim, errno)
    }

    /// Ends an operation of a backend.
    func complete(_ operation: FakeOperation, _ result: Int32) {
        guard let index = operations.firstIndex(where: { $0.userData == operation.userData })
        else { return note("no such operation") }
        operations.remove(at: index)
        post(operation.userData, result)
    }

    /// Requests that wait for an entry.
    var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// Requests that the server has and has not answered.
    var handedCount: Int { handed.count }

    /// Whether another turn of the worker would find something.
    var hasWork: Bool { !prepared.isEmpty || !completions.isEmpty }

    /// Notes a broken rule.
    func note(_ text: String) { violations.append(text) }

    private func lose(_ userData: UInt64, _ errno: Int32) {
        entries[userData]?.isGone = true
        post(userData, -errno)
    }

    private func post(_ userData: UInt64, _ result: Int32) {
        completions.append(Completion(user_data: userData, result: result, flags: 0))
        guard signalsCompletions else { return }
        var one: UInt64 = 1
        _ = unsafe write(eventFile, &one, 8)
    }

    // MARK: System calls

    /// One io_uring_enter.
    func enter() -> Int32 {
        enterCount += 1
        if let permanentError { return permanentError }
        if !enterErrors.isEmpty { return enterErrors.removeFirst() }
        let count = min(prepared.count, submissionLimit)
        let batch = prepared.prefix(count)
        prepared.removeFirst(count)
        for submission in batch { take(submission) }
        deliver()
        return Int32(count)
    }

    /// One that sleeps. Only the mailbox can end the sleep, since requests and completions come from this very thread.
    func enterAndWait() -> Int32 {
        let result = enter()
        guard result >= 0, completions.isEmpty else { return result }
        var polled = pollfd(fd: eventFile, events: Int16(POLLIN), revents: 0)
        if unsafe wakeReads.isEmpty || poll(&polled, 1, 10_000) == 0 {
            note("sleeps for ever")
            disconnect()
        }
        deliver()
        return result
    }

    private func take(_ submission: FakeSubmission) {
        switch submission {
        case .command(let command): take(command)
        case .fixedRead(let file, let address, let length, let userData):
            if file != 1 || length != 8 { note("a fixed read of file \(file), \(length) bytes") }
            if !wakeReads.isEmpty { note("the eventfd is read twice at a time") }
            wakeReads.append((address, userData))
        case .operation(let operation): operations.append(operation)
        case .cancel(let target, let userData): cancel(target, userData)
        }
    }

    private func cancel(_ target: UInt64, _ userData: UInt64) {
        guard let index = operations.firstIndex(where: { $0.userData == target }) else {
            return post(userData, -ENOENT)
        }
        guard cancelsOperations else { return post(userData, -EALREADY) }
        operations.remove(at: index)
        post(target, -ECANCELED)
        post(userData, 0)
    }

    private func take(_ command: FakeCommand) {
        if command.file != 0 { note("a command on file \(command.file)") }
        switch command.operation {
        case FUSE_IO_URING_CMD_REGISTER.rawValue: post(failure: register(command), command.userData)
        case FUSE_IO_URING_CMD_COMMIT_AND_FETCH.rawValue: post(failure: commit(command), command.userData)
        default: note("command \(command.operation)")
        }
    }

    /// A command that is accepted completes with the next request, not now.
    private func post(failure: Int32, _ userData: UInt64) {
        if failure != 0 { post(userData, -failure) }
    }

    // MARK: Commands

    /// `fuse_uring_register`.
    private func register(_ command: FakeCommand) -> Int32 {
        defer { registerCount += 1 }
        guard isConnected else { return endErrno }
        if isRingOff { return EOPNOTSUPP }
        if let refusal = refusals[registerCount] {
            isRingOff = true
            return refusal
        }
        guard command.length == 2, let vectors = unsafe UnsafePointer<iovec>(bitPattern: command.address),
            let header = unsafe vectors[0].iov_base, let payload = unsafe vectors[1].iov_base,
            unsafe vectors[0].iov_len >= 288 && vectors[1].iov_len >= payloadSize
        else {
            isRingOff = true
            note("an entry whose memory is too small")
            return EINVAL
        }
        if entries[command.userData] != nil { note("an entry registered twice") }
        let entry = unsafe Entry(
            queue: command.queue,
            header: UInt(bitPattern: header),
            payload: UInt(bitPattern: payload),
            payloadSize: vectors[1].iov_len
        )
        if entries.values.contains(where: { $0.header == entry.header || $0.payload == entry.payload }) {
            note("two entries share memory")
        }
        entries[command.userData] = entry
        return 0
    }

    /// `fuse_uring_commit_fetch`.
    private func commit(_ command: FakeCommand) -> Int32 {
        takeFromPartner(command)
        guard let out = handed.removeValue(forKey: command.commitID) else {
            note("a commit of what is not being served")
            return EINVAL
        }
        guard let entry = entries[command.userData], out.userData == command.userData, out.queue == command.queue
        else {
            note("a commit from another entry or queue")
            return EINVAL
        }
        entries[command.userData]?.commitID = nil
        guard isConnected && !isRingOff else {
            entries[command.userData]?.isGone = true
            return isRingOff ? EOPNOTSUPP : endErrno
        }
        return takeReply(entry, out.request)
    }

    /// A commit by another ring than the one that fetched: the entry is this ring's from now on.
    private func takeFromPartner(_ command: FakeCommand) {
        guard handed[command.commitID] == nil, let out = partner?.handed.removeValue(forKey: command.commitID),
            let entry = partner?.entries.removeValue(forKey: out.userData)
        else { return }
        if entries[command.userData]?.isGone == false { note("two entries of one number") }
        entries[command.userData] = entry
        handed[command.commitID] = Handed(request: out.request, queue: out.queue, userData: command.userData)
    }

    private func takeReply(_ entry: Entry, _ request: KernelRequest) -> Int32 {
        guard let base = unsafe UnsafeRawPointer(bitPattern: entry.header),
            let payload = unsafe UnsafeRawPointer(bitPattern: entry.payload)
        else { return EINVAL }
        let header = unsafe base.load(as: fuse_out_header.self)
        let length = unsafe Int(
            base.assumingMemoryBound(to: fuse_uring_req_header.self).pointee.ring_ent_in_out.payload_sz
        )
        if header.unique != request.unique { note("request \(request.unique) answered as \(header.unique)") }
        if header.error > 0 || header.error <= -512 { note("error \(header.error)") }
        if header.error != 0 && length != 0 { note("an error with \(length) bytes of payload") }
        guard length <= entry.payloadSize else {
            note("\(length) bytes of payload")
            return EINVAL
        }
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: payload, count: length))
        replies.append(KernelReply(unique: header.unique, error: header.error, payload: bytes))
        if replies.count == repliesUntilDisconnect { disconnect() }
        return 0
    }

    // MARK: Delivery

    private func deliver() {
        if let read = wakeReads.first, let target = unsafe UnsafeMutableRawPointer(bitPattern: read.address),
            unsafe Glibc.read(eventFile, target, 8) == 8
        {
            wakeReads.removeFirst()
            post(read.userData, 8)
        }
        guard isConnected && !isRingOff else { return }
        for (queue, requests) in waiting {
            let free = entries.filter { $0.value.queue == queue && $0.value.commitID == nil && !$0.value.isGone }
            for (request, userData) in zip(requests, free.keys.sorted()) { hand(request, queue, userData) }
            waiting[queue]?.removeFirst(min(requests.count, free.count))
        }
    }

    /// `fuse_uring_copy_to_ring`.
    private func hand(_ request: KernelRequest, _ queue: UInt16, _ userData: UInt64) {
        guard let entry = entries[userData], let base = unsafe UnsafeMutableRawPointer(bitPattern: entry.header),
            let payload = unsafe UnsafeMutableRawPointer(bitPattern: entry.payload)
        else { return }
        nextCommitID += 7
        let header = unsafe UnsafeMutableRawBufferPointer(start: base, count: 288)
        // Not zero: whoever reads beyond what was sent must notice.
        unsafe header.initializeMemory(as: UInt8.self, repeating: 0xee)
        unsafe header.copyBytes(from: request.header)
        unsafe UnsafeMutableRawBufferPointer(rebasing: header[128...]).copyBytes(from: request.argument)
        unsafe UnsafeMutableRawBufferPointer(start: payload, count: entry.payloadSize).copyBytes(from: request.payload)
        let tail = unsafe base.assumingMemoryBound(to: fuse_uring_req_header.self)
        unsafe tail.pointee.ring_ent_in_out = fuse_uring_ent_in_out(
            flags: 0,
            commit_id: nextCommitID,
            payload_sz: UInt32(request.payload.count),
            offset: 0,
            reserved: 0
        )
        entries[userData]?.commitID = nextCommitID
        handed[nextCommitID] = Handed(request: request, queue: queue, userData: userData)
        post(userData, 0)
    }
}
