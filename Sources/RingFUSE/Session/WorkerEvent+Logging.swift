import FUSEProtocol
import Logging
import SystemPackage

extension WorkerEvent {
    /// Writes the event where an operator finds it.
    func log(to logger: Logger) {
        switch self {
        case .entryLost(let worker, let queue, let errno):
            logger.error(
                "the kernel gave up an entry: worker \(worker), queue \(queue): \(Errno(rawValue: errno))")
        case .queueLost(let worker, let queue):
            logger.critical("queue \(queue) has no entry left, worker \(worker): aborting the connection")
        case .replyRefused(let worker, let unique, let errno):
            logger.error(
                "the kernel refused a reply: worker \(worker), request \(unique): \(Errno(rawValue: errno))")
        case .transportFailed(let worker, let errno):
            logger.critical("worker \(worker) cannot go on: \(Errno(rawValue: errno))")
        case .tasksAbandoned(let worker, let count):
            logger.critical("worker \(worker) has left \(count) requests behind: their input and output never ended")
        case .malformedRequest(let opcode):
            let name = Opcode(rawValue: opcode).map { "\($0.name)" } ?? "\(opcode)"
            logger.error("malformed request: \(name)")
        case .notificationRefused(let kind, let errno):
            let name = NotificationKind(rawValue: kind).map { "\($0.name)" } ?? "\(kind)"
            logger.debug("the kernel refused a notification: \(name): \(Errno(rawValue: errno))")
        case .disconnected:
            break
        case .connectionAborted:
            logger.warning("the connection was aborted")
        case .unknownOpcode(let opcode):
            logger.notice("unknown opcode \(opcode): answered ENOSYS, so the kernel does without")
        }
    }
}
