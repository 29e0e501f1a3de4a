internal import FoundationEssentials

/// What fio prints with `--output-format=json`, as far as it is needed.
struct FioOutput: Decodable {
    /// A group of jobs.
    struct Job: Decodable {
        /// The errno of the first error; 0 for none.
        let error: Int
        /// Reads and writes together.
        let mixed: Direction
    }

    /// What was done.
    struct Direction: Decodable {
        /// Operations.
        let operations: Int
        /// Operations a second.
        let operationsPerSecond: Double
        /// Bytes a second.
        let bytesPerSecond: Double
        /// How long each took to complete.
        let latency: Latency

        private enum CodingKeys: String, CodingKey {
            case operations = "total_ios"
            case operationsPerSecond = "iops"
            case bytesPerSecond = "bw_bytes"
            case latency = "clat_ns"
        }
    }

    /// Nanoseconds.
    struct Latency: Decodable {
        /// The mean.
        let mean: Double
        /// By per cent, as fio writes them: `99.900000`.
        let percentile: [String: Double]?
    }

    /// The groups; one, with `--group_reporting`.
    let jobs: [Job]

    /// Reads what fio printed, of which notes of other kinds may come first.
    ///
    /// - Throws: ``BenchFailure``.
    static func result(of text: String) throws(BenchFailure) -> LoadResult {
        guard let start = text.firstIndex(of: "{"),
            let output = try? JSONDecoder().decode(FioOutput.self, from: Data(text[start...].utf8)),
            let job = output.jobs.first
        else { throw BenchFailure("fio printed no results: \(BenchFailure.line(text))") }
        guard job.error == 0 else { throw BenchFailure("fio failed with errno \(job.error)") }
        guard job.mixed.operations > 0 else { throw BenchFailure("fio finished no operation") }
        return job.mixed.result
    }
}

extension FioOutput.Direction {
    /// In our own units.
    var result: LoadResult {
        let tail = latency.percentile ?? [:]
        var figures: Sample.Latency?
        if let p50 = tail["50.000000"], let p99 = tail["99.000000"], let p999 = tail["99.900000"] {
            figures = Sample.Latency(
                mean: latency.mean / 1000, p50: p50 / 1000, p99: p99 / 1000, p999: p999 / 1000)
        }
        return LoadResult(
            operations: Double(operations), operationsPerSecond: operationsPerSecond,
            bytesPerSecond: bytesPerSecond, latency: figures)
    }
}
