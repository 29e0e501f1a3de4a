import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// A process that mounts again and again keeps nothing of it.
    @Suite(.timeLimit(.minutes(3 * patience)))
    struct Cycles {
        /// In a process of its own: nothing else opens files or starts threads in it meanwhile.
        @Test func leaveNothingBehind() async throws {
            try RequireRing.now()
            let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
                try await Cycles.run(.ring, count: 500)
                try await Cycles.run(.device, count: 500)
            }
            Cycles.tell(result)
        }

        /// For kernels without the ring.
        @Test(.enabled(if: !RequireRing.kernelHasIt, "covered by the test with the ring"))
        func leaveNothingBehindOnTheDevice() async throws {
            let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
                try await Cycles.run(.device, count: 500)
            }
            Cycles.tell(result)
        }

        /// Passes on what a process had to say.
        private static func tell(_ result: ExitTest.Result?) {
            guard let said = result?.standardErrorContent, !said.isEmpty else { return }
            Issue.record("\(String(decoding: said, as: UTF8.self))")
        }

        /// What a process has.
        private struct Belongings: Equatable, CustomStringConvertible {
            var descriptors: Int
            var threads: Int
            var mappings: Int

            var description: String { "\(descriptors) descriptors, \(threads) threads, \(mappings) mappings" }

            /// Counts.
            init() throws {
                descriptors = try directoryEntries("/proc/self/fd").count
                threads = try directoryEntries("/proc/self/task").count
                let maps = try FileDescriptor.open(FilePath("/proc/self/maps"), .readOnly)
                mappings = try maps.closeAfter {
                    var lines = 0
                    var bytes = [UInt8](repeating: 0, count: 1 << 16)
                    while true {
                        let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try maps.read(into: $0) }
                        if count == 0 { return lines }
                        lines += bytes[..<count].count { $0 == UInt8(ascii: "\n") }
                    }
                }
            }

            /// The least, or the most, of each of several counts.
            init(_ counts: [Belongings], _ choose: ([Int]) -> Int?) throws {
                descriptors = try #require(choose(counts.map(\.descriptors)))
                threads = try #require(choose(counts.map(\.threads)))
                mappings = try #require(choose(counts.map(\.mappings)))
            }
        }

        /// A process has more than it had.
        private struct Leak: Error, CustomStringConvertible {
            let description: String
        }

        /// Mounts and unmounts, and compares what the process has after the first and after the last cycles.
        ///
        /// The allocator and the thread library keep some mappings for later, now more, now less: the least after the
        /// last cycles must not exceed the most after the first ones, so that one in twenty cycles would be too much.
        private static func run(_ transport: SessionConfiguration.Transport, count: Int) async throws {
            let window = 20
            try await withScratch { scratch in
                var counts: [Belongings] = []
                for _ in 0..<count {
                    try await cycle(transport, scratch)
                    counts.append(try Belongings())
                }
                let first = try Belongings(Array(counts[50..<50 + window])) { $0.max() }
                let last = try Belongings(counts.suffix(window)) { $0.min() }
                let kinds: [(Belongings) -> Int] = [\.descriptors, \.threads, \.mappings]
                if kinds.contains(where: { $0(last) > $0(first) }) {
                    throw Leak(description: "\(transport): at first \(first), at last \(last)")
                }
            }
        }

        /// One life of a mount.
        private static func cycle(_ transport: SessionConfiguration.Transport, _ scratch: Scratch) async throws {
            var configuration = SessionConfiguration()
            configuration.transport = transport
            configuration.depth = 4
            let session = Session(NullFileSystem(capacity: 4), at: scratch.mountPoint, configuration: configuration)
            let ready = Promise<Bool>()
            let ending = Promise<Result<Void, SessionError>>()
            Task {
                do throws(SessionError) {
                    try await session.run { ready.keep($0.usesRing) }
                    ending.keep(.success(()))
                } catch {
                    ending.keep(.failure(error))
                }
            }
            let usesRing = try await ready.value(within: .seconds(60), "the mount")
            guard usesRing == (transport == .ring) else { throw Leak(description: "not by \(transport)") }
            let path = scratch.mountPoint.appending("f").string
            let made = try await onOwnThread {
                let descriptor = unsafe open(path, O_CREAT | O_RDWR, 0o600)
                defer { close(descriptor) }
                return descriptor >= 0
            }
            guard made else { throw Leak(description: "the mount does not serve") }
            _ = try await session.unmount()
            try await ending.value(within: .seconds(60), "the end").get()
        }
    }
}
