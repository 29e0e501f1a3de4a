/// What is promised to a program whose `close` has returned without an error. (`fsync` always promises the most.)
public enum CloseGuarantee: String, Sendable, CaseIterable {
    /// What was written survives a crash of the machine: the metadata engine has waited for its disk.
    case durable
    /// What was written is in the store and committed, and survives a crash of the server; one of the machine from the next
    /// `fsync` of anything on, or a second later: more than a local file system promises. Saves the wait for the disk: most
    /// of what the close of a small file takes.
    case committed
}
