import BenchmarkSupport
import Glibc

// Prints for each micro benchmark its name, and how many allocations and retains it takes each time, after a first
// thousand. Runs with Tests/HotPathTests/Interposer preloaded, which counts in the file that HOT_PATH_COUNTER names,
// and only in threads that are called as workers are.

let count = 10_000
guard let path = unsafe getenv("HOT_PATH_COUNTER") else { fatalError("HOT_PATH_COUNTER names no file") }
let file = unsafe open(path, O_RDWR)
let memory = unsafe mmap(nil, 24, PROT_READ, MAP_SHARED, file, 0)
guard file >= 0, let memory = unsafe memory, unsafe memory != MAP_FAILED else { fatalError("no counters") }

/// What has been counted so far: allocations and retains.
func counted() -> (allocations: UInt64, retains: UInt64) {
    unsafe (
        memory.load(as: UInt64.self), memory.load(fromByteOffset: 8, as: UInt64.self)
    )
}

/// With two digits: a hundredth is a hundred in all.
func perRun(_ number: UInt64) -> String {
    let hundredths = (number * 100 + UInt64(count) / 2) / UInt64(count)
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
}

pthread_setname_np(pthread_self(), "ringfuse-micro")
let atStart = counted()
let benchmarks = MicroBenchmark.all()
guard counted().allocations > atStart.allocations else { fatalError("nothing is counted: is the counter preloaded?") }
for benchmark in benchmarks {
    benchmark.run(1000)
    let before = counted()
    benchmark.run(count)
    let after = counted()
    print(
        benchmark.name, perRun(after.allocations - before.allocations), perRun(after.retains - before.retains),
        separator: "\t")
}
