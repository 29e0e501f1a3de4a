/// What is promised to a program whose `close` has returned without an error. (`fsync` always promises the most.)
public enum CloseGuarantee: String, Sendable, CaseIterable {
    /// What was written survives a crash of the machine: the metadata engine has waited for its disk.
    case durable
    /// What was written is in the store and committed, and survives a crash of the server; one of the machine after the next
    /// `fsync` of anything, as on a local file system. Saves the wait for the disk: all there is to the close of a small
    /// file.
    case committed
}
