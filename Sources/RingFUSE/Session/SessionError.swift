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
    /// Somebody aborted the connection: through fusectl, or the kernel itself after a request time-out.
    case aborted(mountPoint: String)

    /// The cause and the fix.
    public var description: String {
        switch self {
        case .mount(let error): "\(error)"
        case .placement(let error): "\(error)"
        case .handshake(let text), .workers(let text), .failed(let text): text
        case .aborted(let mountPoint):
            "the connection of \(mountPoint) was aborted: what was not written is lost; mount again"
        case .ringUnavailable(let text): "no ring: \(text)"
        }
    }
}
