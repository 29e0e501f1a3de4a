internal import Glibc
internal import SystemPackage

/// Who has a volume: which process of which machine, so that others can tell whether it still lives.
struct SessionOwner: Sendable, Hashable, CustomStringConvertible {
    /// The name of the machine.
    var host: String
    /// What tells machines apart that have the same name (`/etc/machine-id`); empty where it is not known.
    var machine: String
    /// Which of its boots (`/proc/sys/kernel/random/boot_id`).
    var boot: String
    /// The process.
    var process: Int32
    /// When it was started, in clock ticks since the boot: tells it from a later one with its number.
    var processStart: UInt64
    /// When it opened the volume, in seconds since 1970.
    var began: Int64

    /// For people.
    var description: String { "process \(process) on \(host)" }

    /// This process.
    static func current(at now: Int64) -> SessionOwner {
        let process = getpid()
        return SessionOwner(
            host: text(of: "/proc/sys/kernel/hostname"),
            machine: text(of: "/etc/machine-id"),
            boot: text(of: "/proc/sys/kernel/random/boot_id"),
            process: process,
            processStart: start(of: process) ?? 0,
            began: now
        )
    }

    /// What is known of an owner, seen from another.
    enum Fate: Sendable {
        /// It runs.
        case alive
        /// It is over.
        case over
        /// It is on another machine, which cannot be asked.
        case unknown
    }

    /// Whether an owner still runs, as far as this one can tell, which holds the lock of the volume.
    func fate(of other: SessionOwner) -> Fate {
        if other.boot == boot {
            // The same kernel, if maybe another container of it: the lock would be taken. It is free; but somebody may have
            // removed its file.
            return Self.start(of: other.process) == other.processStart && other.processStart != 0 ? .alive : .over
        }
        // Another boot of this machine: nothing is left of the one before.
        let isSameMachine = other.host == host && other.machine == machine
        return isSameMachine ? .over : .unknown
    }

    /// When a process was started, in clock ticks since the boot; `nil` where there is none.
    private static func start(of process: Int32) -> UInt64? {
        // The second field is the program's name in parentheses, and may hold anything.
        let status = text(of: "/proc/\(process)/stat")
        guard let end = status.lastIndex(of: ")") else { return nil }
        let fields = status[status.index(after: end)...].split(separator: " ")
        // The first of these is the third of all; the time is the 22nd.
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }

    /// A short file of the system's, without its last line break; empty where it cannot be read.
    private static func text(of path: String) -> String {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { _ = close(file) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = unsafe max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
