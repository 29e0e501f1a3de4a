public import RingFUSE

/// How soon a mount sees what other mounts of the same volume have done; what it has done itself it sees at once.
///
/// Content and size are the same with all of them: whoever opens a file sees what was closed before (close-to-open). They differ in
/// how long a *name* may be believed without asking when whoever has changed it could not tell.
public enum Consistency: String, Sendable, CaseIterable {
    /// Names are asked for at each use: what another mount has made, moved or removed is seen by the next `stat`.
    case strict
    /// Names are believed for a second, and for less where changes are told, which takes milliseconds.
    case closeToOpen = "close-to-open"
    /// Names are believed for a minute: for trees that many read and few change.
    case relaxed

    /// How long the kernel may believe names.
    public var lifetime: Lifetime {
        switch self {
        case .strict: .zero
        case .closeToOpen: .second
        case .relaxed: .seconds(60)
        }
    }
}
