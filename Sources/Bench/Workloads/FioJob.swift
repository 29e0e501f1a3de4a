/// Reads and writes of one kind, by fio. Each of its jobs has a file of its own.
struct FioJob: Sendable, Equatable {
    /// Which, in which order.
    enum Pattern: String, Sendable {
        case read
        case write
        case randomRead = "randread"
        case randomWrite = "randwrite"
        /// Seven reads to three writes.
        case randomMixed = "randrw"

        /// As people read it.
        var name: String {
            switch self {
            case .read: "sequential read"
            case .write: "sequential write"
            case .randomRead: "random read"
            case .randomWrite: "random write"
            case .randomMixed: "random read and write, 7 to 3"
            }
        }
    }

    /// How a job asks.
    enum Engine: Sendable, Equatable {
        /// One after the other.
        case sync
        /// So many at a time.
        case queued(Int)
        /// Through mapped memory.
        case mapped
    }

    /// Which, in which order.
    var pattern: Pattern
    /// Bytes of each.
    var blockBytes: Int
    /// Whether the page cache is bypassed.
    var isDirect = true
    /// How a job asks.
    var engine = Engine.sync
    /// Jobs at the same time.
    var jobs = 1
    /// Whether it goes over its files once, a writer with `fsync` at the end, instead of going on for some time.
    var isSinglePass = false

    /// The block size as fio takes it.
    private var block: String {
        blockBytes % (1 << 20) == 0 ? "\(blockBytes >> 20)m" : "\(blockBytes >> 10)k"
    }

    /// A word by which samples name it.
    var identifier: String {
        let way =
            switch engine {
            case .sync: "sync"
            case .queued(let depth): "qd\(depth)"
            case .mapped: "mmap"
            }
        let words = [isDirect ? "direct" : "buffered", pattern.rawValue, block, way] + (isSinglePass ? ["once"] : [])
        let start = words.joined(separator: "-")
        return jobs == 1 ? start : "\(start)-x\(jobs)"
    }

    /// As tables name it.
    var name: String {
        let way =
            switch engine {
            case .sync: "one after the other"
            case .queued(let depth): "\(depth) in flight"
            case .mapped: "mapped"
            }
        let end = !isSinglePass ? "" : pattern == .write ? ", once and fsync" : ", once"
        let start = "\(block.uppercased()) \(isDirect ? "direct" : "buffered") \(pattern.name), \(way)\(end)"
        return jobs == 1 ? start : "\(start), \(jobs) jobs"
    }

    /// What fio is started with, but for where its jobs run.
    ///
    /// - Parameters:
    ///   - directory: where its files are: `file.0`, `file.1`…
    ///   - fileBytes: how large they are.
    ///   - queue: fio's engine that keeps several in flight.
    ///   - seconds: how long it takes, where that is not for the files to say.
    func arguments(directory: String, fileBytes: Int, queue: String, seconds: Double) -> [String] {
        var words = [
            "--name=bench", "--directory=\(directory)", "--filename_format=file.$jobnum", "--size=\(fileBytes)",
            "--rw=\(pattern.rawValue)", "--bs=\(blockBytes)", "--direct=\(isDirect ? 1 : 0)", "--numjobs=\(jobs)",
            // As threads, callers can be found and moved; one figure for all jobs, and for reads and writes together.
            "--thread", "--group_reporting", "--unified_rw_reporting=mixed",
            // The kernel's cache is dropped before each pass over a file, so that data come from the server.
            "--invalidate=1",
        ]
        words += isSinglePass ? ["--end_fsync=1"] : ["--time_based", "--runtime=\(Int(seconds * 1000))ms"]
        if pattern == .randomMixed { words.append("--rwmixread=70") }
        switch engine {
        case .sync: words.append("--ioengine=psync")
        case .mapped: words.append("--ioengine=mmap")
        case .queued(let depth): words += ["--ioengine=\(queue)", "--iodepth=\(depth)"]
        }
        return words
    }
}
