internal import CBench

/// Percentiles of what the driver has counted.
enum Histogram {
    /// A result in our own units.
    ///
    /// - Parameter bytes: what one operation carries.
    static func result(of run: rbench_result, bytes: Int) -> LoadResult {
        let seconds = max(Double(run.nanoseconds), 1) / 1e9
        let rate = Double(run.operations) / seconds
        let mean = Double(run.total_latency) / Double(max(run.operations, 1)) / 1000
        let counts = unsafe withUnsafeBytes(of: run.histogram) { unsafe Array($0.bindMemory(to: UInt64.self)) }
        let figures = [0.5, 0.99, 0.999].map { percentile($0, of: counts) / 1000 }
        return LoadResult(
            operations: Double(run.operations),
            operationsPerSecond: rate,
            bytesPerSecond: rate * Double(bytes),
            latency: Sample.Latency(mean: mean, p50: figures[0], p99: figures[1], p999: figures[2])
        )
    }

    /// The nanoseconds that a share of all operations stays below.
    static func percentile(_ share: Double, of counts: [UInt64]) -> Double {
        let total = counts.reduce(0, +)
        let wanted = max(1, UInt64((Double(total) * share).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= wanted { return nanoseconds(bucket) }
        }
        return 0
    }

    /// The middle of a bucket.
    static func nanoseconds(_ bucket: Int) -> Double {
        rbench_bucket_nanoseconds(UInt32(bucket))
    }
}
