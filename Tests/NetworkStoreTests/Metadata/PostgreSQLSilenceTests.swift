import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Engines in PostgreSQL whose server falls silent when the mount is to end.
@Suite struct PostgreSQLSilenceTests {
    /// An engine whose server is behind a proxy, and what it has told people.
    private final class Fixture: Sendable {
        let proxy: CuttingProxy
        let engine: PostgreSQLEngine
        private let told: Told

        /// What was told.
        var text: String { told.lines.withLock { $0.joined(separator: "\n") } }

        private final class Told: Sendable {
            let lines = Mutex<[String]>([])
        }

        init() async throws {
            let server = try await PostgreSQLServer.shared.value
            let url = server.volume()
            try await PostgreSQLEngine.format(try PostgreSQLLocation(url), VolumeFixture.description())
            proxy = try CuttingProxy(before: server.port)
            let location = try PostgreSQLLocation(url.replacing(":\(server.port)/", with: ":\(proxy.port)/"))
            let told = Told()
            self.told = told
            engine = try await PostgreSQLEngine.open(location, lease: .seconds(600)) { line in
                told.lines.withLock { $0.append(line) }
            }
        }

        /// Connections that the engine keeps, also those that the server has closed.
        var connectionCount: Int {
            get throws {
                let remote = ":" + String(proxy.port, radix: 16, uppercase: true)
                return try Spawn.run(["cat", "/proc/self/net/tcp"]).split(separator: "\n").count { line in
                    let words = line.split(separator: " ")
                    // Established, or to be closed by this side.
                    return words[2].hasSuffix(remote) && ["01", "08"].contains(words[3])
                }
            }
        }

        /// A change; what it fails with.
        func change() async -> Errno? {
            do throws(Errno) {
                _ = try await engine.reserveObjects(1)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Whoever waits when the end begins, and whoever asks after that, is refused; then nothing is tried any more, not even to end the
    /// session.
    @Test func areGivenUp() async throws {
        let fixture = try await Fixture()
        #expect(await fixture.change() == nil)
        fixture.proxy.silence()
        let (change, question) = (
            Task { await fixture.change() }, Task { try? await fixture.engine.node(.root) }
        )
        // They wait by now; if they do not, they wait for as long.
        try await Task.sleep(for: .milliseconds(300))
        #expect(!fixture.engine.isSilent)
        fixture.engine.limitWaiting(to: .seconds(1), isLast: true)
        #expect(await change.value == .ioError)
        #expect(await question.value == nil)
        #expect(fixture.engine.isSilent)
        fixture.proxy.resume()
        #expect(await fixture.change() == .ioError)
        await fixture.engine.close()
        #expect(fixture.text.contains("has not answered for 1 s"), "\(fixture.text)")
        #expect(fixture.text.contains("this session is not ended in the database"), "\(fixture.text)")
        #expect(!fixture.text.contains("try to reach it again"), "\(fixture.text)")
    }

    /// While a mount is in use whose end was asked for, whoever waits is refused, and a server that answers again is used.
    @Test func areTriedAgainWhileTheMountIsInUse() async throws {
        let fixture = try await Fixture()
        fixture.engine.limitWaiting(to: .seconds(1), isLast: false)
        fixture.proxy.silence()
        #expect(await fixture.change() == .ioError)
        #expect(!fixture.engine.isSilent)
        fixture.proxy.resume()
        // Programs that ask again and again do not wait each time.
        for _ in 0..<1000 {
            if await fixture.change() == nil { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await fixture.change() == nil)
        #expect(fixture.text.contains("reached the database again"), "\(fixture.text)")
        // What is lost is closed: else the server keeps what it has begun there, and locks with it.
        for _ in 0..<1000 {
            if try fixture.connectionCount == 1 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let count = try fixture.connectionCount
        #expect(count == 1)
        // An answer has come since: the last wait is a new one.
        fixture.engine.limitWaiting(to: .seconds(600), isLast: true)
        #expect(await fixture.change() == nil)
        await fixture.engine.close()
        #expect(!fixture.text.contains("not ended"), "\(fixture.text)")
    }

    /// What was waited for before the end began does not count, nor does the time since then for whoever began later.
    @Test func eachWaitCountsFromTheEndOrFromItsStart() async throws {
        let patience = PostgreSQLPatience()
        #expect(!patience.hasBegun && !patience.hasRunOut(after: .seconds(3600)))
        patience.begin(.seconds(600), isLast: true)
        #expect(patience.hasBegun && !patience.hasRunOut(after: .seconds(3600)))
        let spent = PostgreSQLPatience()
        spent.begin(.zero, isLast: false)
        spent.begin(.seconds(600), isLast: false)
        #expect(spent.hasRunOut(after: .zero) && !spent.forbidsTrying(after: .zero, .zero))
        spent.giveUp()
        #expect(!spent.isGivenUp)
        spent.begin(.zero, isLast: true)
        #expect(spent.forbidsTrying(after: .zero, .zero))
        spent.giveUp()
        #expect(spent.isGivenUp)
        let used = PostgreSQLPatience()
        used.begin(.milliseconds(1), isLast: false)
        try await Task.sleep(for: .milliseconds(2))
        // Programs wait for each try.
        #expect(used.forbidsTrying(after: .seconds(1), .zero) && !used.forbidsTrying(after: .seconds(1), .seconds(1)))
        patience.end()
        #expect(patience.hasRunOut(after: .zero) && patience.forbidsTrying(after: .zero, .seconds(3600)))
    }
}
