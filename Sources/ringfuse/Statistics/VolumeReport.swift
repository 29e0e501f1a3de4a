import NetworkStore
import RingFUSE

/// What the statistics of a session tell of the volume that it serves.
struct VolumeReport: Encodable {
    /// Where it is mounted.
    let mountPoint: String
    /// The process that serves it.
    let processID: Int32
    /// Seconds since the mount answered first.
    let uptime: Double
    /// Numbers by the names of ``VolumeStatistic``.
    let volume: [String: UInt64]

    /// What is told; `nil` where it is not a volume that is served.
    init?(_ statistics: SessionStatistics) {
        guard let volume = statistics.backend, volume[VolumeStatistic.memoryBytes.rawValue] != nil else { return nil }
        self.volume = volume
        (mountPoint, processID, uptime) = (statistics.mountPoint, statistics.processID, statistics.uptime)
    }

    /// A number; 0 where an older server does not tell it.
    subscript(statistic: VolumeStatistic) -> UInt64 { volume[statistic.rawValue] ?? 0 }
}
