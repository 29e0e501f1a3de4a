internal import CRingFUSE
internal import Glibc

/// Moves the threads of a program from CPU to CPU while it runs.
enum Migration {
    /// How long they stay. A scheduler that balances load moves tasks about that often.
    static let stay = Duration.milliseconds(4)

    /// Moves all threads of a process until it has ended.
    static func migrate(_ process: pid_t, over cpus: [Int]) async {
        var turn = 0
        while isRunning(process) {
            let place = [UInt32(cpus[turn % cpus.count])]
            for thread in ProcFile.numbers(in: "/proc/\(process)/task") {
                // One that has ended meanwhile needs no place.
                _ = unsafe rfuse_set_affinity(thread, place, 1)
            }
            turn += 1
            do { try await Task.sleep(for: stay) } catch { return }
        }
    }

    /// Whether a process still has something to run; one that was not waited for yet has not.
    private static func isRunning(_ process: pid_t) -> Bool {
        guard let status = ProcFile.read("/proc/\(process)/stat"), let end = status.lastIndex(of: ")") else {
            return false
        }
        return status[status.index(after: end)...].split(separator: " ").first != "Z"
    }
}
