import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Commands of volumes that a signal or the loss of power ends in the middle.
    @Suite
    struct StoreInterruption {
        /// A transaction that holds a table of a volume in PostgreSQL, so that whoever reads it waits.
        private final class HeldTable: Sendable {
            private let server: PostgreSQLServer
            private let schema: String

            init(_ table: String, of schema: String) async throws {
                (server, self.schema) = (try await PostgreSQLServer.shared.value, schema)
                let server = server
                Thread.detachNewThread {
                    // It is ended, and says so.
                    _ = try? server.run(
                        "LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(100)", schema: schema)
                }
                try await eventually("the lock") {
                    try self.count(where: "granted AND mode = 'AccessExclusiveLock'") == 1
                }
            }

            private func count(where condition: String) throws -> Int {
                let text = try server.run(
                    """
                    SELECT count(*) FROM pg_locks WHERE \(condition) AND relation IN (
                        SELECT c.oid FROM pg_class c WHERE c.relnamespace = '\(schema)'::regnamespace)
                        AND pid <> pg_backend_pid()
                    """, schema: schema)
                return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
            }

            /// Waits until somebody waits for it.
            func isWanted() async throws {
                try await eventually("somebody who waits for the table") { try self.count(where: "NOT granted") > 0 }
            }

            /// Lets go of it.
            func letGo() throws { try end(where: "l.mode = 'AccessExclusiveLock' AND l.granted") }

            /// Ends what waits for it: the server does not notice that a process has gone for which it waits.
            func isWantedNoMore() async throws {
                try end(where: "NOT l.granted")
                try await eventually("nobody who waits") { try self.count(where: "NOT granted") == 0 }
            }

            private func end(where condition: String) throws {
                try server.run(
                    """
                    SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                    WHERE c.relnamespace = '\(schema)'::regnamespace AND \(condition)
                    """, schema: schema)
            }
        }

        /// Starts a command.
        private static func start(_ words: [String]) async throws -> ChildProcess {
            try await ChildProcess.start([ServerProcess.tool.string, "store"] + words)
        }

        /// Ends a command by a signal, which must end it as it ends any other.
        private static func end(_ process: ChildProcess, by signal: Int32, saying line: String) async throws {
            process.signal(signal)
            let ending = try await process.ended(within: .seconds(10))
            #expect(ending.signal == signal && !ending.timedOut, "\(ending)")
            #expect(ending.text.hasSuffix("ringfuse: interrupted: \(line)\n"), "\(ending.text)")
        }

        /// A volume in PostgreSQL with a file in it.
        private static func withVolume(
            _ body: (Scratch, _ url: String, _ schema: String) async throws -> Void
        ) async throws {
            try await SharedStore.withPair { pair in
                let server = try await pair.mount(pair.first, .device)
                try await pair.check("head -c 100000 /dev/zero > $A/f")
                try await StoreTool.end(server)
                try await body(pair.first, pair.url, pair.schema)
            }
        }

        /// A dump that is stopped leaves nothing.
        @Test(arguments: [SIGINT, SIGTERM])
        func dumpsThatAreStoppedLeaveNothing(_ signal: Int32) async throws {
            try await Self.withVolume { scratch, url, schema in
                let directory = scratch.outside.appending("dumps")
                let dump = directory.appending("dump").string
                try await Program.check(script: "mkdir $OUT/dumps", scratch: scratch)
                let table = try await HeldTable("names", of: schema)
                let process = try await Self.start(["dump", url, "--output", dump])
                try await table.isWanted()
                #expect(try directoryEntries(directory).count == 1)
                try await Self.end(process, by: signal, saying: "\(dump) was not written")
                #expect(try directoryEntries(directory) == [])
                try table.letGo()
                try await StoreTool.succeed(["dump", url, "--output", dump])
                #expect(try directoryEntries(directory) == ["dump"])
            }
        }

        /// A signal that whoever has started it wants ignored is ignored.
        @Test func ignoredSignalsStayIgnored() async throws {
            try await Self.withVolume { scratch, url, schema in
                let dump = scratch.outside.appending("dump").string
                let table = try await HeldTable("names", of: schema)
                let script = "trap '' INT; exec '\(ServerProcess.tool)' store dump '\(url)' --output '\(dump)'"
                let process = try await ChildProcess.start(["bash", "-c", script])
                try await table.isWanted()
                process.signal(SIGINT)
                try await Task.sleep(for: .milliseconds(300))
                #expect(!process.hasEnded)
                try table.letGo()
                #expect(try await process.ended().isSuccess)
                #expect(try directoryEntries(scratch.outside).contains("dump"))
            }
        }

        /// What a dump says that it has written is there when the power goes right after it.
        @Test func dumpsSurviveTheLossOfPower() async throws {
            let disk = VolatileDisk()
            try await withScratch { place in
                try await withScratch { scratch in
                    let database = try await StoreTool.format(scratch)
                    let dump = place.mountPoint.appending("dump").string
                    try await withMount(disk, scratch: place, configuration: try Way.device.configuration()) { _ in
                        try await StoreTool.succeed(["dump", database, "--output", dump])
                        try await Program.check(script: "cp '\(dump)' $OUT/dump", scratch: scratch)
                        for seed in 1...10 as ClosedRange<UInt64> {
                            disk.cutPower(seed: seed)
                            let left = scratch.outside.appending("left-\(seed)")
                            try await Program.check(script: "mkdir '\(left)'", scratch: scratch)
                            try disk.writeWhatIsLeft(to: left)
                            try await Program.check(
                                script: "cmp '\(left)/dump' $OUT/dump; same \"$(ls '\(left)')\" dump", scratch: scratch)
                        }
                    }
                }
            }
        }

        /// A load that is stopped leaves neither half a volume nor a draft of one.
        @Test(arguments: [false, true])
        func loadsThatAreStoppedLeaveNothing(_ isShared: Bool) async throws {
            try await Self.withVolume { scratch, url, _ in
                let outside = scratch.outside
                let (dump, pipe) = (outside.appending("dump").string, outside.appending("pipe").string)
                try await StoreTool.succeed(["dump", url, "--output", dump])
                try await Program.check(script: "mkdir $OUT/volume; mkfifo '\(pipe)'", scratch: scratch)
                let server = try await PostgreSQLServer.shared.value
                let target = isShared ? server.volume() : outside.appending("volume/volume.db").string
                let process = try await Self.start(["load", target, "--input", pipe])
                let writer = try await ChildProcess.start(
                    ["bash", "-c", "exec 3> '\(pipe)'; head -n 3 '\(dump)' >&3; echo written; sleep 60"])
                try await writer.wrote("written")
                if isShared {
                    // It has begun to make the schema, and nobody else sees that.
                    let begun = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                    try await eventually("a transaction") { try server.run(begun, schema: "public") != "0\n" }
                } else {
                    try await eventually("a draft") {
                        try !directoryEntries(outside.appending("volume")).isEmpty
                    }
                }
                let name = isShared ? target : "sqlite://\(target)"
                try await Self.end(
                    process, by: SIGINT,
                    saying: isShared
                        ? "of \(name) there is all, where it was just done, or nothing" : "nothing was made of \(name)")
                #expect(try directoryEntries(outside.appending("volume")) == [])
                writer.signal(SIGKILL)
                _ = try await writer.ended()
                let info = try await StoreTool.run(["info", target])
                #expect(info.exitCode == 1 && info.text.contains("there is no volume"), "\(info.text)")
                try await StoreTool.succeed(["load", target, "--input", dump])
            }
        }

        /// Garbage collection and checks that are stopped tell how far they were; the next one does the rest.
        @Test func checksAndCollectionsTellHowFarTheyWere() async throws {
            try await Self.withVolume { _, url, schema in
                let table = try await HeldTable("objects", of: schema)
                let check = try await Self.start(["fsck", url, "--scrub"])
                try await table.isWanted()
                try await Self.end(
                    check, by: SIGINT, saying: "0 objects were checked, with 0 findings; nothing is changed")
                try await table.isWantedNoMore()
                let collection = try await Self.start(["gc", url])
                try await table.isWanted()
                try await Self.end(
                    collection, by: SIGTERM, saying: "what was done stays done; run it again for the rest")
                try table.letGo()
                try await StoreTool.succeed(["gc", url])
                #expect(try await StoreTool.succeed(["fsck", url, "--scrub"]).contains("1 objects, all read"))
            }
        }
    }
}
