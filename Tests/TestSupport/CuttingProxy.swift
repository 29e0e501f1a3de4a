import Foundation
import Glibc

/// A way to a server of this machine that can be cut so that what was sent still arrives, and its answer does not; and that can fall
/// silent.
package final class CuttingProxy: Sendable {
    /// Where it listens, on 127.0.0.1.
    package let port: UInt16
    private let process: Int32
    private let directory: String

    /// Passes bytes on in both directions; at a signal, those of the server are dropped, and a moment later all connections.
    private static let script = """
        import asyncio, signal, sys
        target, port = int(sys.argv[1]), int(sys.argv[2])
        pairs = []

        async def pump(reader, writer, pair, is_answer):
            try:
                while data := await reader.read(65536):
                    if is_answer and pair['is_cut']:
                        continue
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            writer.close()

        async def serve(reader, writer):
            answers, questions = await asyncio.open_connection('127.0.0.1', target)
            pair = {'is_cut': False, 'writers': [writer, questions]}
            pairs.append(pair)
            await asyncio.gather(pump(reader, questions, pair, False), pump(answers, writer, pair, True))

        def cut():
            cut_pairs = list(pairs)
            pairs.clear()
            for pair in cut_pairs:
                pair['is_cut'] = True
            def close():
                for pair in cut_pairs:
                    for writer in pair['writers']:
                        writer.close()
            asyncio.get_running_loop().call_later(0.02, close)

        async def main():
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, cut)
            server = await asyncio.start_server(serve, '127.0.0.1', port)
            await server.serve_forever()

        asyncio.run(main())
        """

    /// A proxy before a port; it listens when this returns.
    package init(before target: UInt16) throws {
        port = try FreePorts.take(1)[0]
        directory = "/tmp/ringfuse-proxy-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        process = try Spawn.start(
            ["python3", "-c", Self.script, "\(target)", "\(port)"], output: "\(directory)/log")
        LastWords.add(process, directory)
        for _ in 0..<1200 {
            if (try? Spawn.run(["bash", "-c", "exec 3<> /dev/tcp/127.0.0.1/\(port)"])) != nil { return }
            usleep(50_000)
        }
        throw TestFailure("the proxy does not listen")
    }

    deinit {
        LastWords.forget(process)
        kill(process, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Falls silent: connections are made and stay, what is sent is taken, and nothing comes back.
    package func silence() { kill(process, SIGSTOP) }

    /// Passes on what has come meanwhile, and goes on.
    package func resume() { kill(process, SIGCONT) }

    /// Cuts all connections.
    package func cut() { kill(process, SIGUSR1) }
}
