internal import Synchronization
internal import SystemPackage

/// Whether an engine may go on. Any thread may call anything.
final class EngineStatus: Sendable {
    private enum Value {
        static let good: UInt8 = 0
        /// The volume is another session's, or this one has ended.
        static let lost: UInt8 = 1
        /// The disk has failed a write that was promised.
        static let failed: UInt8 = 2
    }

    private let value = Atomic<UInt8>(Value.good)
    /// Told of what SQLite says.
    let report: FailureReport

    /// A status that is good.
    init(report: @escaping FailureReport) { self.report = report }

    /// Whether the volume is another session's, or this one has ended.
    var isLost: Bool { value.load(ordering: .relaxed) == Value.lost }

    /// Checks that the engine may go on.
    ///
    /// - Throws: `ESTALE` where the volume is lost, `EIO` where the disk has failed.
    @inline(__always)
    func check() throws(Errno) {
        let value = value.load(ordering: .relaxed)
        guard value != Value.good else { return }
        throw value == Value.lost ? .staleNFSFileHandle : .ioError
    }

    /// Does what nobody waits for, and tells of it where it fails.
    func check(_ body: () throws(SQLiteFailure) -> Void) {
        do throws(SQLiteFailure) { try body() } catch { report(error) }
    }

    /// The volume is lost, for good.
    func lose() { value.store(Value.lost, ordering: .relaxed) }

    /// The disk has failed, for good.
    func fail() { value.store(Value.failed, ordering: .relaxed) }
}
