import CRingFUSE
import Glibc
import Ring

@testable import RingFUSE

/// A command on the connection.
struct FakeCommand {
    let file: UInt32
    let operation: UInt32
    let address: UInt
    let length: UInt32
    let queue: UInt16
    let commitID: UInt64
    let userData: UInt64
}

/// An operation of a backend, as it was queued.
struct FakeOperation: Equatable {
    var name: String
    var file: Int32
    var address: UInt = 0
    var length = 0
    var offset: UInt64 = 0
    var flags: UInt32 = 0
    var userData: UInt64

    /// The slot of its engine.
    var slot: UInt64 { userData & 0xffff_ffff }
    /// The generation of the slot.
    var generation: UInt64 { userData >> 32 & 0xff_ffff }
}

/// What can be queued.
enum FakeSubmission {
    case command(FakeCommand)
    case fixedRead(file: UInt32, address: UInt, length: UInt32, userData: UInt64)
    case operation(FakeOperation)
    case cancel(target: UInt64, userData: UInt64)
}

/// A ring of the fake kernel.
struct FakeRing: SubmissionQueue {
    /// Whom it talks to.
    let kernel: FakeKernel

    func submitAndWait(for count: UInt32) -> Int32 { kernel.enterAndWait() }

    func submitAndPoll() -> Int32 { kernel.enter() }

    var hasEvents: Bool { !kernel.completions.isEmpty }

    var hasQueued: Bool { !kernel.prepared.isEmpty }

    @unsafe
    func reap(into target: UnsafeMutableBufferPointer<Completion>) -> Int {
        let count = min(target.count, kernel.completions.count)
        for index in 0..<count { unsafe target[index] = kernel.completions[index] }
        kernel.completions.removeFirst(count)
        return count
    }

    @unsafe
    func queueCommand(
        file: UInt32,
        operation: UInt32,
        address: UInt,
        length: UInt32,
        command: UnsafeRawBufferPointer,
        userData: UInt64
    ) -> Int32 {
        if command.count != 24 { kernel.note("a command of \(command.count) bytes") }
        if unsafe command.load(as: UInt64.self) != 0 { kernel.note("a command with flags") }
        let commitID = unsafe command.load(fromByteOffset: 8, as: UInt64.self)
        let queue = unsafe command.load(fromByteOffset: 16, as: UInt16.self)
        kernel.prepared.append(
            .command(
                FakeCommand(
                    file: file,
                    operation: operation,
                    address: address,
                    length: length,
                    queue: queue,
                    commitID: commitID,
                    userData: userData
                )
            )
        )
        return 0
    }

    func queueFixedRead(file: UInt32, address: UInt, length: UInt32, userData: UInt64) -> Int32 {
        kernel.prepared.append(.fixedRead(file: file, address: address, length: length, userData: userData))
        return 0
    }

    func queueRead(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "read",
                file: file,
                address: address,
                length: Int(length),
                offset: offset,
                userData: userData
            )
        )
    }

    func queueWrite(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "write",
                file: file,
                address: address,
                length: Int(length),
                offset: offset,
                userData: userData
            )
        )
    }

    func queueSynchronize(file: Int32, dataOnly: Bool, userData: UInt64) -> Int32 {
        queue(FakeOperation(name: "fsync", file: file, flags: dataOnly ? 1 : 0, userData: userData))
    }

    func queueAllocate(file: Int32, mode: Int32, offset: UInt64, length: UInt64, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "fallocate",
                file: file,
                length: Int(length),
                offset: offset,
                flags: UInt32(bitPattern: mode),
                userData: userData
            )
        )
    }

    func queueClose(file: Int32, userData: UInt64) -> Int32 {
        queue(FakeOperation(name: "close", file: file, userData: userData))
    }

    func queueOpen(directory: Int32, path: UInt, flags: Int32, mode: UInt32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "openat",
                file: directory,
                address: path,
                length: Int(mode),
                flags: UInt32(bitPattern: flags),
                userData: userData
            )
        )
    }

    func queueStatx(
        directory: Int32,
        path: UInt,
        flags: Int32,
        mask: UInt32,
        result: UInt,
        userData: UInt64
    ) -> Int32 {
        queue(
            FakeOperation(
                name: "statx",
                file: directory,
                address: path,
                length: Int(mask),
                offset: UInt64(result),
                flags: UInt32(bitPattern: flags),
                userData: userData
            )
        )
    }

    func queueRename(
        from: Int32,
        path: UInt,
        to: Int32,
        newPath: UInt,
        flags: UInt32,
        userData: UInt64
    ) -> Int32 {
        queue(
            FakeOperation(
                name: "renameat", file: from, address: path, length: Int(to), offset: UInt64(newPath), flags: flags,
                userData: userData))
    }

    func queueRemove(directory: Int32, path: UInt, flags: Int32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "unlinkat", file: directory, address: path, flags: UInt32(bitPattern: flags), userData: userData))
    }

    func queueMakeDirectory(directory: Int32, path: UInt, mode: UInt32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(name: "mkdirat", file: directory, address: path, length: Int(mode), userData: userData))
    }

    func queueConnect(socket: Int32, address: UInt, length: UInt32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(name: "connect", file: socket, address: address, length: Int(length), userData: userData))
    }

    func queueSend(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "send", file: socket, address: address, length: Int(length), flags: UInt32(bitPattern: flags),
                userData: userData))
    }

    func queueSend(socket: Int32, pieces: TwoPieces, flags: Int32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "sendmsg", file: socket, address: pieces.address, length: Int(pieces.length),
                offset: UInt64(pieces.secondAddress), flags: pieces.secondLength, userData: userData))
    }

    func queueReceive(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "recv", file: socket, address: address, length: Int(length), flags: UInt32(bitPattern: flags),
                userData: userData))
    }

    func queueExchange(socket: Int32, pieces: TwoPieces, ignored: UInt64, userData: UInt64) -> Int32 {
        if ignored >> 56 != 4 { kernel.note("a send whose completion is not ignored") }
        return queue(
            FakeOperation(
                name: "exchange", file: socket, address: pieces.secondAddress, length: Int(pieces.secondLength),
                offset: UInt64(pieces.address), flags: pieces.length, userData: userData))
    }

    func queueTimeout(seconds: Int64, nanoseconds: Int64, userData: UInt64) -> Int32 {
        queue(
            FakeOperation(
                name: "timeout", file: -1, length: Int(seconds), offset: UInt64(nanoseconds), userData: userData))
    }

    func queueCancel(of target: UInt64, userData: UInt64) -> Int32 {
        kernel.prepared.append(.cancel(target: target, userData: userData))
        return 0
    }

    private func queue(_ operation: FakeOperation) -> Int32 {
        kernel.operationThreads.insert(pthread_self())
        guard kernel.queueError == 0 else { return kernel.queueError }
        kernel.prepared.append(.operation(operation))
        return 0
    }
}
