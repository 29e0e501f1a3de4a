/// Why workers cannot be placed as asked; each text names the setting to change.
public enum PlacementError: Error, Sendable, Equatable {
    /// No CPU is both online and allowed.
    case nothingUsable

    /// The list of CPUs is empty.
    case emptyList

    /// CPUs of the list that the machine does not have.
    case missing(CPUSet, possible: CPUSet)

    /// CPUs of the list that are offline.
    case offline(CPUSet, online: CPUSet)

    /// CPUs of the list that this process must not use.
    case forbidden(CPUSet, allowed: CPUSet)

    /// A number of workers that is no number of workers.
    case workerCount(Int)

    /// More pinned workers than CPUs.
    case tooManyWorkers(Int, cpus: CPUSet)

    /// One worker, and several, asked for at once.
    case singleAmong(Int)

    /// Pinning next to the only CPU there is.
    case noSibling(of: Int)
}

extension PlacementError: CustomStringConvertible {
    /// One line: the cause, and the fix.
    public var description: String {
        switch self {
        case .nothingUsable:
            "no CPU is both online and allowed to this process; widen its cpuset or affinity mask"
        case .emptyList:
            "--cpus names no CPU; leave it out to use every one"
        case .missing(let cpus, let possible):
            "--cpus: this machine has no CPU \(cpus); it has \(possible)"
        case .offline(let cpus, let online):
            "--cpus: CPU \(cpus) is offline; online are \(online)"
        case .forbidden(let cpus, let allowed):
            "--cpus: CPU \(cpus) is forbidden by this process's cpuset or affinity mask, which allows \(allowed)"
        case .workerCount(let count):
            "--workers \(count): the number of workers must be from 1 to \(CPUSet.limit)"
        case .tooManyWorkers(let count, let cpus):
            "--workers \(count): only \(cpus.count) CPU(s) to pin them to (\(cpus)); "
                + "ask for at most \(cpus.count), name more with --cpus, or add --pin none"
        case .singleAmong(let count):
            "--single is one worker, --workers asks for \(count); leave one of them out"
        case .noSibling(let cpu):
            "--pin sibling needs a second CPU beside CPU \(cpu); name more with --cpus or use --pin same"
        }
    }
}
