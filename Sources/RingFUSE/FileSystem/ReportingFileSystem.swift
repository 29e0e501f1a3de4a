/// A backend that has something of its own to tell in the statistics of its session.
public protocol ReportingFileSystem: FileSystem {
    /// Numbers by names, such as `["cache.bytes": 4096]`; asked for by whoever looks at the statistics, on a thread of theirs.
    var report: [String: UInt64] { get }
}
