// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: Swift 6 mode, strict memory safety, warnings are errors.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Borrowed views (`Name`, spans of wire messages) are returned from functions of ours.
    .enableExperimentalFeature("Lifetimes"),
]

/// Fuzzers, which link against libFuzzer and are of use with `--sanitize fuzzer` only: `tools/fuzz` builds them.
let fuzzers: [Target] =
    Context.environment["RINGFUSE_FUZZING"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz-requests",
            dependencies: ["FUSEProtocol", "TestSupport"],
            path: "Tests/Fuzzing/Requests",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "fuzz-init",
            dependencies: ["FUSEProtocol", "TestSupport"],
            path: "Tests/Fuzzing/Init",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "fuzz-session",
            dependencies: ["FileSystems", "FUSEProtocol", "RingFUSE", "TestSupport"],
            path: "Tests/Fuzzing/Session",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "fuzz-http",
            dependencies: ["NetworkStore"],
            path: "Tests/Fuzzing/HTTP",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "fuzz-journal",
            dependencies: ["NetworkStore"],
            path: "Tests/Fuzzing/Journal",
            swiftSettings: swiftSettings
        ),
    ]

/// What the micro benchmarks measure, which is nothing that users should see: `Benchmarks/micro` builds it.
let isBenchmarked = Context.environment["RINGFUSE_BENCHMARKS"] != nil
let benchmarkProducts: [Product] =
    isBenchmarked ? [.library(name: "BenchmarkSupport", targets: ["BenchmarkSupport"])] : []
let benchmarks: [Target] =
    isBenchmarked
    ? [
        .target(
            name: "BenchmarkSupport",
            dependencies: [
                "CRingFUSE", "FileSystems", "FUSEProtocol", "Ring", "RingFUSE", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/Support",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "objects-bench",
            dependencies: [
                "NetworkStore", "RingFUSE",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/Objects",
            swiftSettings: swiftSettings
        ),
    ] : []

let package = Package(
    name: "ringfuse",
    products: [
        .library(name: "RingFUSE", targets: ["RingFUSE"]),
        .executable(name: "ringfuse", targets: ["ringfuse"]),
    ] + benchmarkProducts,
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .target(
            name: "CRingFUSE",
            cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("uring")]
        ),
        .target(
            name: "Ring",
            dependencies: ["CRingFUSE", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: swiftSettings
        ),
        .target(name: "FUSEProtocol", dependencies: ["CRingFUSE"], swiftSettings: swiftSettings),
        .target(
            name: "RingFUSE",
            dependencies: [
                "CRingFUSE", "FUSEProtocol", "Ring",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "FileSystems",
            dependencies: [
                "CRingFUSE", "RingFUSE",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "CNetworkStore",
            cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("lz4"), .linkedLibrary("zstd"), .linkedLibrary("isal")]
        ),
        // Loads libpq when it is needed, so that nothing is linked here.
        .target(name: "CPostgreSQL", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(
            name: "NetworkStore",
            dependencies: [
                "CNetworkStore", "COpenSSL", "CPostgreSQL", "CRingFUSE", "CSQLite", "FileSystems", "Ring", "RingFUSE",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        // Benchmarks: starts servers as processes, so it knows nothing of how they serve.
        .target(name: "CBench", cSettings: [.define("_GNU_SOURCE")]),
        .target(
            name: "Bench",
            dependencies: [
                "CBench", "CRingFUSE",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ringfuse",
            dependencies: [
                "Bench", "CRingFUSE", "FileSystems", "NetworkStore", "Ring", "RingFUSE",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CTestSupport",
            path: "Tests/CTestSupport",
            cSettings: [.define("_GNU_SOURCE")]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["FUSEProtocol"],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings
        ),
        // Servers of object stores, for tests.
        .target(
            name: "StoreTestSupport",
            dependencies: [
                "NetworkStore", "RingFUSE", "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/StoreTestSupport",
            swiftSettings: swiftSettings
        ),
        // Holds mounts against ext4, call by call.
        .target(
            name: "CDifferential",
            path: "Tests/CDifferential",
            cSettings: [.define("_GNU_SOURCE")]
        ),
        .target(
            name: "Differential",
            dependencies: ["CDifferential"],
            path: "Tests/Differential",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ringfuse-differential",
            dependencies: ["Differential"],
            path: "Tests/DifferentialTool",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "DifferentialTests",
            dependencies: ["Differential"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "BenchTests",
            dependencies: ["Bench", "ringfuse"],
            // What other programs printed.
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FUSEProtocolTests",
            dependencies: ["CRingFUSE", "FUSEProtocol", "TestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "RingFUSETests",
            dependencies: [
                "CRingFUSE", "CTestSupport", "FUSEProtocol", "Ring", "RingFUSE", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FileSystemsTests",
            dependencies: [
                "CRingFUSE", "FileSystems", "RingFUSE", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "NetworkStoreTests",
            dependencies: [
                "CNetworkStore", "CSQLite", "FileSystems", "NetworkStore", "RingFUSE", "StoreTestSupport",
                "TestSupport",
                "ringfuse-store-storm",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        // Changes a volume until it is killed, and measures what its metadata cost.
        .executableTarget(
            name: "ringfuse-store-storm",
            dependencies: [
                "FileSystems", "NetworkStore", "RingFUSE",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/StoreStorm",
            swiftSettings: swiftSettings
        ),
        // Counts what a release build of the tool does, from outside.
        .testTarget(
            name: "HotPathTests",
            exclude: ["Interposer"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "RingfuseToolTests",
            dependencies: [
                "RingFUSE", "ringfuse",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        // A process of its own, because what it shows may only end with it.
        .executableTarget(
            name: "HangServer",
            dependencies: ["RingFUSE", .product(name: "SystemPackage", package: "swift-system")],
            path: "Tests/HangServer",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "MountTests",
            dependencies: [
                "Bench", "CTestSupport", "Differential", "FileSystems", "HangServer", "NetworkStore", "RingFUSE",
                "StoreTestSupport", "TestSupport", "ringfuse", "ringfuse-differential",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            // Programs that tests compile and run on mounts.
            exclude: ["Programs"],
            swiftSettings: swiftSettings
        ),
    ] + fuzzers + benchmarks
)

// The tests of the library alone, for builds that are only about it: with a sanitizer everything takes several times as
// long, and what it depends on takes longer than it does. `tools/sanitize` sets this.
if Context.environment["RINGFUSE_LIBRARY_ONLY"] != nil {
    let kept: Set = [
        "CRingFUSE", "CTestSupport", "FUSEProtocol", "FUSEProtocolTests", "Ring", "RingFUSE", "RingFUSETests",
        "TestSupport",
    ]
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { $0.name != "RingFUSE" }
}
