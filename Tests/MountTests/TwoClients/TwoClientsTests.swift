import Differential
import Glibc
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Two mounts of one volume in PostgreSQL and S3, which take turns, held against one file system in memory.
    @Suite
    struct TwoClients {
        /// Histories of seeds give what they would give on one machine, whatever becomes of connections and the store.
        @Test(arguments: Way.allCases)
        func giveWhatOneFileSystemGives(_ way: Way) async throws {
            // Half of them each way, as it is.
            let seeds = HistorySeeds.chosen(10).filter { ($0 % 2 == 0) == (way == .ring) }
            try await Self.with(way) { world in
                for seed in seeds {
                    let difference = try await onOwnThread { try Self.difference(seed, in: world) }
                    #expect(difference == nil, "\(difference ?? "")")
                }
            }
        }

        /// The comparison notices what differs: here a name that only one of the sides can make.
        @Test func differencesAreFound() async throws {
            try await Self.with(.device) { world in
                let difference = try await onOwnThread {
                    let file = unsafe Glibc.open("\(world.mounts[0])/outside", O_WRONLY | O_CREAT, 0o644)
                    Glibc.close(file)
                    var steps = HistoryGenerator.history(seed: 3)
                    steps.insert(HistoryStep(client: 0, action: .link(from: "d/../../outside", to: "d/new")), at: 3)
                    return try HistoryTrial.run(steps, in: world, named: "planted")
                }
                #expect(difference?.step == 3, "\(difference as Any)")
            }
        }

        /// Does the history of a seed; one that fails is made small.
        ///
        /// - Returns: what a person needs to see it again; `nil` where nothing differs.
        private static func difference(_ seed: UInt64, in world: HistoryWorld) throws -> String? {
            let steps = HistoryGenerator.history(seed: seed)
            guard let first = try HistoryTrial.run(steps, in: world, named: "seed-\(seed)") else { return nil }
            var (last, trials) = (first, 0)
            let small = try Shrinker.shrink(Array(steps.prefix(first.step + 1)), mostTrials: 60) { shorter in
                trials += 1
                let difference = try HistoryTrial.run(shorter, in: world, named: "seed-\(seed)-\(trials)")
                if let difference { last = difference }
                return difference != nil
            }
            let script = small.map { "\n  \($0)" }.joined()
            return "seed \(seed): \(first)\nmade small: \(last)\nhistory:\(script)"
        }

        /// Makes a volume, with proxies before its servers, and mounts it twice.
        private static func with(_ way: Way, _ body: (HistoryWorld) async throws -> Void) async throws {
            let server = try await ObjectServer.shared.value
            try await TestBucket.ready.value
            let database = try await PostgreSQLServer.shared.value
            let store = try await FaultProxy(before: server.endpoint, seed: 1)
            let databases = [try CuttingProxy(before: database.port), try CuttingProxy(before: database.port)]
            let direct = database.volume()
            let keys = server.words
            try await withScratch { first in
                try await withScratch { second in
                    let data = "s3://test-bucket/two-\(UInt32.random(in: 0...UInt32.max))?endpoint=http://127.0.0.1:"
                    try await S3Volume.succeed(["format", direct, "--data", "\(data)\(store.port)"], keys: keys)
                    var servers: [ServerProcess] = []
                    for (scratch, proxy) in zip([first, second], databases) {
                        let url = direct.replacing("127.0.0.1:\(database.port)", with: "127.0.0.1:\(proxy.port)")
                        servers.append(
                            try await ServerProcess.start(
                                .shared, by: way, scratch: scratch, metadata: url,
                                options: ["--consistency", "strict"], launcher: keys, limit: .seconds(100_000)))
                    }
                    try await Program.check(
                        script: "mount -t tmpfs -o size=1g memory '\(first.source)'", scratch: first)
                    let world = HistoryWorld(
                        mounts: servers.map(\.path.string), reference: first.source.string, databases: databases,
                        store: store)
                    try await body(world)
                    try await StoreTool.end(servers[0], servers[1])
                    try await Program.check(script: "umount '\(first.source)'", scratch: first)
                    let check = try await S3Volume.succeed(["fsck", direct, "--scrub"], keys: keys)
                    #expect(check.contains("consistent"), "\(check)")
                }
            }
        }
    }
}
