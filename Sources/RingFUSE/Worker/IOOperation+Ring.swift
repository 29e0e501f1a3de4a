import Ring

extension IOOperation {
    /// Queues the operation on a ring.
    ///
    /// - Returns: 0, or a negated errno.
    func submit<Queue: SubmissionQueue>(to queue: Queue, userData: UInt64) -> Int32 {
        let count = UInt32(clamping: length)
        switch kind {
        case .read:
            return queue.queueRead(file: file, address: address, length: count, offset: offset, userData: userData)
        case .write:
            return queue.queueWrite(file: file, address: address, length: count, offset: offset, userData: userData)
        case .send:
            return queue.queueSend(
                socket: file, address: address, length: count, flags: Int32(bitPattern: flags), userData: userData)
        case .sendTwo:
            let pieces = TwoPieces(
                address: address, length: count, secondAddress: UInt(offset), secondLength: flags)
            return queue.queueSend(socket: file, pieces: pieces, flags: Self.waitForAll, userData: userData)
        case .receive:
            return queue.queueReceive(
                socket: file, address: address, length: count, flags: Int32(bitPattern: flags), userData: userData)
        case .exchange:
            let pieces = TwoPieces(
                address: UInt(offset), length: flags, secondAddress: address, secondLength: count)
            return queue.queueExchange(
                socket: file, pieces: pieces, ignored: CompletionTag.ignored.userData(), userData: userData)
        case .connect:
            return queue.queueConnect(socket: file, address: address, length: count, userData: userData)
        case .close:
            return queue.queueClose(file: file, userData: userData)
        case .sleep:
            return queue.queueTimeout(
                seconds: Int64(length), nanoseconds: Int64(offset), userData: userData)
        default:
            return submitFileOperation(to: queue, userData: userData)
        }
    }

    /// Queues what is not done for each block of data.
    private func submitFileOperation<Queue: SubmissionQueue>(to queue: Queue, userData: UInt64) -> Int32 {
        switch kind {
        case .synchronize:
            return queue.queueSynchronize(file: file, dataOnly: flags & 1 != 0, userData: userData)
        case .allocate:
            return queue.queueAllocate(
                file: file, mode: Int32(flags), offset: offset, length: UInt64(address), userData: userData)
        case .open:
            return queue.queueOpen(
                directory: file, path: address, flags: Int32(bitPattern: flags), mode: UInt32(length),
                userData: userData)
        case .statx:
            return queue.queueStatx(
                directory: file, path: address, flags: Int32(bitPattern: flags), mask: UInt32(length),
                result: UInt(offset), userData: userData)
        case .rename:
            return queue.queueRename(
                from: file, path: address, to: Int32(length), newPath: UInt(offset), flags: flags, userData: userData)
        case .remove:
            return queue.queueRemove(
                directory: file, path: address, flags: Int32(bitPattern: flags), userData: userData)
        case .makeDirectory:
            return queue.queueMakeDirectory(
                directory: file, path: address, mode: UInt32(length), userData: userData)
        case .read, .write, .send, .sendTwo, .receive, .exchange, .connect, .close, .sleep:
            preconditionFailure("queued elsewhere")
        }
    }

    /// `MSG_WAITALL`: the ring goes on after a short transfer (Linux 5.19), which saves the caller a turn.
    static var waitForAll: Int32 { 0x100 }
}
