// swift-tools-version: 6.2
import PackageDescription

// The micro benchmarks. Built by `micro`, which sets RINGFUSE_BENCHMARKS: the package above has their product only then.
let package = Package(
    name: "ringfuse-benchmarks",
    dependencies: [
        .package(name: "ringfuse", path: ".."),
        // Without its traits it needs no jemalloc; allocations are counted by `Allocations` instead.
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "Micro",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "BenchmarkSupport", package: "ringfuse"),
            ],
            path: "Micro",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
        .executableTarget(
            name: "Allocations",
            dependencies: [.product(name: "BenchmarkSupport", package: "ringfuse")],
            path: "Allocations",
            // For pthread_setname_np.
            cSettings: [.define("_GNU_SOURCE")]
        ),
    ],
    swiftLanguageModes: [.v6]
)
