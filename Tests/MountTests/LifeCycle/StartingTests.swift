import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What happens between the mount and its first request; and configurations with which nothing is mounted.
    @Suite
    struct Starting {
        /// Runs a session that is disturbed when the mount is there and INIT not yet read.
        private func run(_ way: Way, _ disturb: @escaping @Sendable (Session<NullFileSystem>) -> Void) async throws {
            try await withScratch { scratch in
                let handed = Promise<Session<NullFileSystem>>()
                var configuration = try way.configuration()
                configuration.onMounted = {
                    while handed.current == nil { usleep(1000) }
                    if let session = handed.current { disturb(session) }
                }
                let session = Session(NullFileSystem(), at: scratch.mountPoint, configuration: configuration)
                let ending = Promise<Result<Void, SessionError>>()
                Task {
                    do throws(SessionError) {
                        try await session.run { _ in }
                        ending.keep(.success(()))
                    } catch {
                        ending.keep(.failure(error))
                    }
                }
                handed.keep(session)
                try await ending.value(within: .seconds(60), "the end").get()
                #expect(try !scratch.isMounted)
            }
        }

        @Test(arguments: Way.allCases)
        func canEndWithAnUnmount(_ way: Way) async throws {
            try await run(way) { session in
                Task { _ = try await session.unmount() }
                while (try? MountTable.read().entry(at: session.mountPoint)) != nil { usleep(1000) }
            }
        }

        @Test(arguments: Way.allCases)
        func canEndWithAnUmountByOthers(_ way: Way) async throws {
            try await run(way) { session in unsafe _ = umount2(session.mountPoint.string, 0) }
        }

        @Test(arguments: Way.allCases)
        func endsAloudWithAnAbort(_ way: Way) async throws {
            // Not within: the expectation would take a cancelled test for the wrong error.
            _ = try way.configuration()
            let error = await #expect(throws: SessionError.self) {
                try await run(way) { session in try? session.abort() }
            }
            #expect("\(error as Any)".contains("went away"), "\(error as Any)")
        }

        @Test func refusesWhatNoSessionCanHave() async throws {
            let changes: [(String, @Sendable (inout SessionConfiguration) -> Void)] = [
                ("depth", { $0.depth = 0 }), ("depth", { $0.depth = .max }), ("maxWrite", { $0.maxWrite = -1 }),
                ("maxWrite", { $0.maxWrite = .max }), ("maxBackground", { $0.maxBackground = 0 }),
                ("memoryLimit", { $0.memoryLimit = -5 }), ("maxReadahead", { $0.maxReadahead = -1 }),
                ("congestionThreshold", { $0.congestionThreshold = 70_000 }), ("poll", { $0.poll = .seconds(-1) }),
                ("poll", { $0.poll = .seconds(Int64.max) }), ("requestTimeout", { $0.requestTimeout = 65_536 }),
                ("stuckAfter", { $0.stuckAfter = .seconds(-1) }),
                ("stuckAfter", { $0.stuckAfter = .seconds(Int64.max) }),
            ]
            for (name, change) in changes {
                var configuration = SessionConfiguration()
                change(&configuration)
                let session = Session(NullFileSystem(), at: "/no/such/place", configuration: configuration)
                let error = await #expect(throws: SessionError.self) { try await session.run() }
                guard case .configuration(let text) = error else {
                    Issue.record("\(name): \(error as Any)")
                    continue
                }
                #expect(text.hasPrefix("\(name) is "), "\(text)")
            }
        }

        /// The largest values that are taken neither trap nor keep the mount from being served.
        @Test(arguments: Way.allCases)
        func takesTheLargestThatItAllows(_ way: Way) async throws {
            var configuration = try way.configuration()
            configuration.maxWrite = 1 << 30
            configuration.memoryLimit = .max
            configuration.maxReadahead = .max
            configuration.maxBackground = 65_535
            configuration.congestionThreshold = 65_535
            configuration.stuckAfter = .seconds(1 << 31)
            configuration.poll = .seconds(1)
            try await withMount(NullFileSystem(), configuration: configuration) { session in
                try await session.check("touch f; same \"$(ls)\" f")
            }
        }
    }
}
