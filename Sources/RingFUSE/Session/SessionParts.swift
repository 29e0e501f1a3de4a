import FUSEProtocol
import Logging
import SystemPackage

/// What the transports of a session share.
struct SessionParts: Sendable {
    /// The connection.
    let device: FileDescriptor
    /// Makes another descriptor of the connection.
    let cloneDevice: @Sendable () throws(Errno) -> FileDescriptor
    /// What was agreed with the kernel, or is about to be.
    let agreed: NegotiatedSession
    /// Answers requests.
    let handler: RequestHandler
    /// The machine.
    let topology: CPUTopology
    /// For asynchronous operations where there is no io_uring.
    let threadPool: ThreadPool
    /// Where workers enter themselves.
    let roster: Roster
    /// See ``SessionConfiguration/populatesBuffers``.
    let populatesBuffers: Bool
    /// See ``SessionConfiguration/ShortEntry``.
    let shortEntry: SessionConfiguration.ShortEntry?
    /// See ``SessionConfiguration/loanTerms``.
    let loanTerms: LoanTerms?
    let logger: Logger

    /// Logs what only a developer wants to know.
    func debug(_ text: @autoclosure () -> String) {
        logger.debug("\(text())")
    }
}
