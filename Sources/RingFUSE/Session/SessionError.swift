/// Why a session could not serve; the description is one line that names the cause and the fix.
public enum SessionError: Error, Sendable, CustomStringConvertible {
    /// The mount could not be made.
    case mount(MountError)
    /// Workers cannot be placed as wished.
    case placement(PlacementError)
    /// The kernel's INIT cannot be answered.
    case handshake(String)
    /// The ring was demanded and cannot be had.
    case ringUnavailable(String)
    /// Workers could not be started.
    case workers(String)
    /// The session was run twice.
    case failed(String)
    /// A value of the configuration cannot be had.
    case configuration(String)
    /// After an abort, threads of the session are stuck in the kernel: only the end of the process ends them. What they
    /// hold stays with them. The mount is gone.
    case unresponsive(workers: [String], mountPoint: String)
    /// Somebody aborted the connection: through fusectl, or the kernel itself after a request time-out.
    case aborted(mountPoint: String)

    /// The cause and the fix.
    public var description: String {
        switch self {
        case .mount(let error): "\(error)"
        case .placement(let error): "\(error)"
        case .handshake(let text), .workers(let text), .failed(let text), .configuration(let text): text
        case .unresponsive(let workers, let mountPoint):
            "the connection of \(mountPoint) was aborted, and \(workers.joined(separator: ", ")) cannot end: "
                + "what was not written is lost; end this process"
        case .aborted(let mountPoint):
            "the connection of \(mountPoint) was aborted: what was not written is lost; mount again"
        case .ringUnavailable(let text): "no ring: \(text)"
        }
    }
}
