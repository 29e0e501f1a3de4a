import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Workers, wherever they run and however few of them there are, serve callers on every CPU.
    @Suite
    struct Workers {
        /// One way to place workers.
        struct Setup: Sendable, CustomTestStringConvertible {
            let name: String
            let change: @Sendable (inout SessionConfiguration) throws -> Void
            let check: @Sendable (SessionStatus) throws -> Void

            /// The name.
            var testDescription: String { name }
        }

        /// CPUs that this machine has.
        static let topology = CPUTopology.read()

        /// The usable CPU of the highest number.
        static let lastCPU = topology.usable.max() ?? 0

        /// The usable CPUs, for a loop of bash.
        static let cpuList = topology.usable.map { "\($0)" }.joined(separator: " ")

        static let setups: [Setup] = [
            Setup(name: "defaults") { _ in
            } check: { status in
                #expect(status.placement.workers.map(\.cpu) == topology.usable.map { $0 })
                #expect(status.notices.isEmpty)
            },
            Setup(name: "workers=1") { configuration in
                configuration.placement.workers = 1
            } check: { status in
                #expect(status.placement.workers.count == 1)
                #expect(status.placement.workers[0].queues.count == topology.possible.count)
            },
            Setup(name: "single") { configuration in
                configuration.placement.single = true
            } check: { status in
                #expect(status.placement.workers.count == 1)
            },
            Setup(name: "the last CPU") { configuration in
                configuration.placement.cpus = CPUSet([lastCPU])
            } check: { status in
                #expect(status.placement.workers.map(\.cpu) == [lastCPU])
            },
            Setup(name: "pin none") { configuration in
                configuration.placement.pin = .none
            } check: { status in
                #expect(status.placement.workers.allSatisfy { $0.cpu == nil })
            },
            Setup(name: "three workers, pin none") { configuration in
                configuration.placement.pin = .none
                configuration.placement.workers = 3
            } check: { status in
                #expect(status.placement.workers.count == 3)
            },
            Setup(name: "poll") { configuration in
                configuration.poll = .microseconds(50)
            } check: { _ in
            },
            Setup(name: "entries lent") { configuration in
                configuration.loanTerms = .everything
            } check: { _ in
            },
            Setup(name: "entries lent, depth=2") { configuration in
                configuration.loanTerms = .everything
                configuration.depth = 2
            } check: { _ in
            },
            Setup(name: "depth=1") { configuration in
                configuration.depth = 1
            } check: { status in
                #expect(status.depth == 1)
                #expect(status.notices.isEmpty)
            },
            Setup(name: "memory limit") { configuration in
                configuration.depth = 32
                configuration.memoryLimit = 24 << 20
            } check: { status in
                #expect((2..<32).contains(status.depth))
                #expect(status.notices.count == 1)
                #expect(status.notices.first?.hasPrefix("depth lowered from 32 to \(status.depth)") == true)
                #expect(status.bufferBytes <= 24 << 20)
            },
            Setup(name: "maxWrite=64K") { configuration in
                configuration.maxWrite = 64 << 10
            } check: { status in
                #expect(status.connection.maxWrite == 64 << 10)
                #expect(status.notices.isEmpty)
            },
            Setup(name: "maxWrite beyond the system's limit") { configuration in
                configuration.maxWrite = 1 << 30
                configuration.depth = 2
            } check: { status in
                #expect(status.connection.maxWrite < 1 << 30)
                #expect(status.notices.count == 1)
                #expect(status.notices.first?.hasPrefix("reads and writes lowered from 1073741824 to") == true)
            },
        ]

        @Test(arguments: Way.allCases, Workers.setups)
        func serveEveryCPU(_ way: Way, _ setup: Setup) async throws {
            var configuration = try way.configuration()
            try setup.change(&configuration)
            try await serve(configuration, way, check: setup.check)
        }

        @Test(.enabled(if: Workers.topology.usable.count > 1, "needs two CPUs"), arguments: Way.allCases)
        func serveFromTheSiblings(_ way: Way) async throws {
            var configuration = try way.configuration()
            configuration.placement.pin = .sibling
            try await serve(configuration, way) { status in
                #expect(status.placement.workers.allSatisfy { $0.cpu != nil && $0.cpu != $0.home })
            }
        }

        @Test func mustFitTheMachine() async throws {
            var configuration = SessionConfiguration()
            configuration.placement.workers = Self.topology.usable.count + 1
            try await withScratch { scratch in
                let error = await #expect(throws: SessionError.self) {
                    try await withMount(NullFileSystem(), scratch: scratch, configuration: configuration) { _ in }
                }
                guard case .placement = error else {
                    Issue.record("\(error as Any)")
                    return
                }
                #expect("\(error as Any)".contains("--pin none"))
                let isMounted = try scratch.isMounted
                #expect(!isMounted)
            }
        }

        private func serve(
            _ configuration: SessionConfiguration,
            _ way: Way,
            check: (SessionStatus) throws -> Void
        ) async throws {
            try await withScratch { scratch in
                // A mirror suspends in each read and write: its requests are under way at once.
                let backend = try MirrorFileSystem(source: scratch.source)
                try await withMount(backend, scratch: scratch, configuration: configuration) { session in
                    #expect(session.status.usesRing == (way == .ring))
                    try check(session.status)
                    try checkAffinity(session.status)
                    try await session.check(
                        """
                        head -c 2000000 /dev/urandom > $OUT/data
                        for cpu in \(Self.cpuList); do
                            for number in 1 2 3; do
                                name=f$cpu-$number
                                (taskset -c $cpu cp $OUT/data $name
                                taskset -c $cpu dd if=$name bs=256K iflag=direct status=none | cmp - $OUT/data
                                taskset -c $cpu rm $name) & jobs[cpu * 10 + number]=$!
                            done
                        done
                        for job in ${jobs[@]}; do wait $job; done
                        same "$(ls -A)" ''
                        """)
                }
            }
        }

        /// Checks that threads run where the session says.
        private func checkAffinity(_ status: SessionStatus) throws {
            let kind = status.usesRing ? "ring" : "dev"
            // A worker that has no queue has nothing to do on the ring, and ends.
            for worker in status.placement.workers where !status.usesRing || !worker.queues.isEmpty {
                let name = "ringfuse-\(kind)\(worker.index)"
                let thread = try #require(
                    try directoryEntries("/proc/self/task").first { thread in
                        (try? text(of: FilePath("/proc/self/task/\(thread)/comm"))) == "\(name)\n"
                    }, "no thread \(name)")
                let status = try text(of: FilePath("/proc/self/task/\(thread)/status"))
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
                let cpus = try CPUSet(parsing: String(line.dropFirst("Cpus_allowed_list:".count)))
                #expect(cpus == worker.cpu.map { CPUSet([$0]) } ?? Self.topology.allowed)
            }
        }

        /// A backend's actor may run on any worker's thread; each request ends on its own worker all the same, which
        /// a precondition there sees to.
        @Test(arguments: Way.allCases)
        func actorsAreSharedByWorkers(_ way: Way) async throws {
            let backend = CountingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(
                    """
                    for cpu in \(Self.cpuList) \(Self.cpuList); do
                        (for i in {1..5}; do
                            taskset -c $cpu dd if=file bs=4k iflag=direct status=none | tr -d x | cmp - /dev/null
                        done) &
                        jobs+=($!)
                    done
                    for job in "${jobs[@]}"; do wait $job; done
                    """)
            }
            #expect(await backend.counter.count >= 2 * Self.topology.usable.count * 5 * 256)
        }
    }
}
