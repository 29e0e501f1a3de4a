import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// poll(2), select(2) and epoll(7) on a file of a backend that can be polled, and that wakes who waits.
    @Suite
    struct Polling {
        /// Mounts the bell, runs a script of Python in its root, and rings when the script has said that it waits.
        private func run(
            _ way: Way,
            _ script: String,
            sourceLocation: SourceLocation = #_sourceLocation,
            _ body: (BellFileSystem, ChildProcess) async throws -> Void
        ) async throws {
            let backend = BellFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let prelude = """
                    import os, select, sys, threading, time
                    def say(*words): print(*words, flush=True)
                    bell = os.open("bell", os.O_RDWR)

                    """
                let child = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", prelude + script], in: session.path)
                try await body(backend, child)
                let ending = try await child.ended()
                #expect(ending.isSuccess, "\(ending.text)", sourceLocation: sourceLocation)
                try await eventually("all files to be closed") { backend.seen.open == 0 }
            }
        }

        /// A poll that nothing waits for is one request and one answer.
        @Test(arguments: Way.allCases)
        func tellsWhatIsReady(_ way: Way) async throws {
            let script = """
                p = select.poll(); p.register(bell, select.POLLIN | select.POLLOUT)
                assert p.poll(0) == [(bell, select.POLLOUT)]
                p.modify(bell, select.POLLIN)
                assert p.poll(0) == []
                start = time.monotonic(); assert p.poll(200) == []; assert time.monotonic() - start >= 0.19
                assert select.select([bell], [bell], [], 0) == ([], [bell], [])
                say("quiet")
                while p.poll(0) == []: time.sleep(0.01)
                assert p.poll(60000) == [(bell, select.POLLIN)]
                assert select.select([bell], [], [], 60) == ([bell], [], [])
                os.read(bell, 1)
                assert p.poll(0) == []
                """
            try await run(way, script) { backend, child in
                try await child.wrote("quiet")
                try backend.ring()
            }
        }

        /// Who waits is woken, in each of the three calls.
        @Test(
            arguments: Way.allCases,
            [
                "p = select.poll(); p.register(bell, select.POLLIN); got = p.poll(60000)",
                "got = select.select([bell], [], [], 60)[0]",
                "e = select.epoll(); e.register(bell, select.EPOLLIN); got = e.poll(60)",
            ])
        func wakesWhoWaits(_ way: Way, _ wait: String) async throws {
            let script = "say('waits'); \(wait)\nassert len(got) == 1, got; say('woken')"
            try await run(way, script) { backend, child in
                try await child.wrote("waits")
                try await eventually("a waiter") { backend.seen.waiting == 1 }
                let before = backend.seen.polls
                try backend.ring()
                try await child.wrote("woken")
                #expect(backend.seen.polls > before)
            }
        }

        /// Several threads and processes wait for one file, some through one open file; one ring wakes all.
        @Test(arguments: Way.allCases)
        func wakesAllWhoWait(_ way: Way) async throws {
            let script = """
                files = [bell] * 3 + [os.open("bell", os.O_RDONLY) for _ in range(4)]
                woken = []
                def wait(file):
                    p = select.poll(); p.register(file, select.POLLIN)
                    woken.append(p.poll(60000) == [(file, select.POLLIN)])
                threads = [threading.Thread(target=wait, args=[f]) for f in files]
                for t in threads: t.start()
                if os.fork() == 0:
                    wait(files[-1]); os._exit(0 if all(woken) else 1)
                say("wait")
                for t in threads: t.join()
                assert woken == [True] * 7, woken
                assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
                """
            try await run(way, script) { backend, child in
                try await child.wrote("wait")
                // Seven threads and a process, on five open files.
                try await eventually("waiters") { backend.seen.waiting == 5 && backend.seen.polls >= 8 }
                try backend.ring()
            }
        }

        /// Edge-triggered: an event for each ring, and none in between though the file stays readable.
        @Test(arguments: Way.allCases)
        func tellsEdgesOnce(_ way: Way) async throws {
            let script = """
                e = select.epoll(); e.register(bell, select.EPOLLIN | select.EPOLLET)
                for n in range(3):
                    say("waits", n)
                    assert e.poll(60) == [(bell, select.EPOLLIN)]
                    assert e.poll(0.2) == []
                """
            try await run(way, script) { backend, child in
                for round in 0..<3 {
                    try await child.wrote("waits \(round)")
                    try await eventually("a waiter") { backend.seen.waiting == 1 }
                    try backend.ring()
                }
            }
        }

        /// A file that is closed while it is watched or waited for; its handle wakes nobody, and nothing breaks.
        @Test(arguments: Way.allCases)
        func survivesCloses(_ way: Way) async throws {
            let script = """
                e = select.epoll(); other = os.open("bell", os.O_RDONLY); e.register(other, select.EPOLLIN)
                os.close(other)
                def wait():
                    p = select.poll(); p.register(bell, select.POLLIN); p.poll(60000)
                t = threading.Thread(target=wait); t.start()
                say("waits")
                time.sleep(0.2); os.close(bell); say("closed")
                t.join()
                assert e.poll(0) == []
                """
            try await run(way, script) { backend, child in
                try await child.wrote("closed")
                // The thread that waits keeps the file open.
                try await eventually("a waiter") { backend.seen.waiting == 1 && backend.seen.open == 1 }
                try backend.wakeNobody()
                try backend.ring()
            }
        }

        /// A waiter that is interrupted goes, and takes its handle with it.
        @Test(arguments: Way.allCases)
        func waitersCanBeInterrupted(_ way: Way) async throws {
            let backend = BellFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let script = "import select; f = open('bell'); p = select.poll(); p.register(f, 1); p.poll(60000)"
                let child = try await ChildProcess.start(["/usr/bin/python3", "-I", "-c", script], in: session.path)
                try await eventually("a waiter") { backend.seen.waiting == 1 }
                child.signal(SIGTERM)
                #expect(try await child.ended().signal == SIGTERM)
                try await eventually("a close") { backend.seen.open == 0 }
                try backend.ring()
            }
        }

        /// An error is an event; and a backend without poll has files that are always ready.
        @Test(arguments: Way.allCases)
        func tellsErrors(_ way: Way) async throws {
            let script = """
                p = select.poll(); p.register(os.open("brick", os.O_RDONLY), select.POLLIN)
                assert p.poll(60000)[0][1] == select.POLLERR
                """
            try await run(way, script) { _, _ in }
            try await withMount(ObservedFileSystem(), configuration: try way.configuration()) { session in
                let script = """
                    import select
                    f = open('file'); p = select.poll(); p.register(f, 5)
                    assert p.poll()[0][1] == 5
                    """
                let child = try await ChildProcess.start(["/usr/bin/python3", "-I", "-c", script], in: session.path)
                let ending = try await child.ended()
                #expect(ending.isSuccess, "\(ending.text)")
            }
        }
    }
}
