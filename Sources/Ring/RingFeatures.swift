import CRingFUSE

/// Set-up flags of a ring (`IORING_SETUP_*`).
package struct RingFeatures: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A completion queue of a size of its own (`IORING_SETUP_CQSIZE`, kernel 5.5).
    package static let completionQueueSize = RingFeatures(rawValue: UInt32(RFUSE_RING_CQSIZE))
    /// A batch goes on past an SQE that fails (`IORING_SETUP_SUBMIT_ALL`, 5.18).
    package static let submitAll = RingFeatures(rawValue: UInt32(RFUSE_RING_SUBMIT_ALL))
    /// The ring says in shared memory that task work waits, so that polling needs no system call
    /// (`IORING_SETUP_TASKRUN_FLAG`, 5.19).
    package static let taskRunFlag = RingFeatures(rawValue: UInt32(RFUSE_RING_TASKRUN_FLAG))
    /// Submission entries of 128 bytes, which commands of FUSE need (`IORING_SETUP_SQE128`, 5.19).
    package static let wideSubmissions = RingFeatures(rawValue: UInt32(RFUSE_RING_SQE128))
    /// One thread submits (`IORING_SETUP_SINGLE_ISSUER`, 6.0).
    package static let singleIssuer = RingFeatures(rawValue: UInt32(RFUSE_RING_SINGLE_ISSUER))
    /// Task work runs when that thread asks for completions, not whenever it enters the kernel
    /// (`IORING_SETUP_DEFER_TASKRUN`, 6.1; needs `singleIssuer`).
    package static let deferTaskRun = RingFeatures(rawValue: UInt32(RFUSE_RING_DEFER_TASKRUN))

    /// All that make a ring faster and that it can do without.
    package static let optional: RingFeatures = [.submitAll, .taskRunFlag, .singleIssuer, .deferTaskRun]

    /// What is dropped, one step after the other, while the kernel refuses the set: newest first.
    static let dropOrder: [RingFeatures] = [
        [.deferTaskRun, .taskRunFlag], [.singleIssuer], [.submitAll],
    ]

    /// The kernel's names of the set's members, for logs.
    package var names: [String] {
        let all: [(RingFeatures, String)] = [
            (.completionQueueSize, "CQSIZE"), (.submitAll, "SUBMIT_ALL"), (.taskRunFlag, "TASKRUN_FLAG"),
            (.wideSubmissions, "SQE128"), (.singleIssuer, "SINGLE_ISSUER"), (.deferTaskRun, "DEFER_TASKRUN"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
