/// Whom locks of programs hold for (`fcntl(2)`, `flock(2)`).
public enum LockScope: String, Sendable, CaseIterable {
    /// The programs on this mount: the kernel keeps them, without a request.
    case local
    /// Those on all mounts of the volume: the metadata engine keeps them.
    case shared
}
