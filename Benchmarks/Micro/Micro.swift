import Benchmark
import BenchmarkSupport

/// Found by name by the benchmark package.
let benchmarks: @Sendable () -> Void = {
    for micro in MicroBenchmark.all() {
        Benchmark(
            micro.name,
            configuration: Benchmark.Configuration(
                // The throughput is what the export for JMH is made of.
                metrics: [.wallClock, .throughput],
                warmupIterations: 10,
                // What is measured is a thousand of them: one is about as long as looking at the clock.
                scalingFactor: .kilo,
                maxDuration: .seconds(1),
                maxIterations: 10_000
            )
        ) { benchmark in
            micro.run(benchmark.scaledIterations.count)
        }
    }
}
