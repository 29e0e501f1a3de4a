/// Answers requests: what the worker's loop sees of a backend.
///
/// A class with virtual methods, so that the loop is one piece of specialised code and only the dispatcher behind it is
/// generic over the backend: one indirect call a request.
package class RequestHandler: @unchecked Sendable {
    package init() {}

    /// Answers a request without suspending, or defers it.
    package func attempt(_ frame: RequestFrame, _ io: IOEngine) -> Answer { .deferred }

    /// Answers a request that was deferred.
    package func serve(_ frame: RequestFrame, _ io: IOEngine) async -> Answer { .failure(38) }

    /// Something went wrong that no caller will hear of.
    package func report(_ event: WorkerEvent) {}
}

/// What a worker tells its session.
package enum WorkerEvent: Sendable {
    /// An entry can't be used any more although the connection did not end.
    case entryLost(worker: Int, queue: Int, errno: Int32)
    /// All entries of a queue are lost: its requests would wait for ever.
    case queueLost(worker: Int, queue: Int)
    /// The kernel refused a reply.
    case replyRefused(worker: Int, unique: UInt64, errno: Int32)
    /// A request was not what its opcode says it is.
    case malformedRequest(opcode: UInt32)
    /// The kernel sent an opcode that this version does not know.
    case unknownOpcode(UInt32)
    /// The kernel refused a notification; told once of each kind.
    case notificationRefused(kind: UInt32, errno: Int32)
    /// The connection has ended, in whatever way; told once by each worker.
    case disconnected
    /// The connection was aborted; told once by each worker that reads the device.
    case connectionAborted
    /// The ring or the device failed; the worker gives up.
    case transportFailed(worker: Int, errno: Int32)
    /// The worker has left requests behind whose operations never came back from a ring that failed.
    case tasksAbandoned(worker: Int, count: Int)
}
