import FileSystems
import RingFUSE
import Testing

extension MountTests {
    /// Locks of programs: kept by the file system, they are as the kernel's own.
    @Suite
    struct Locks {
        /// A way that requests come, with whoever keeps the locks.
        struct Keeping: Sendable, CustomTestStringConvertible {
            let way: Way
            let keeper: MemoryFileSystem.LockKeeper

            var testDescription: String { "\(keeper.rawValue) by \(way.rawValue)" }

            /// All of them.
            static let all = Way.allCases.flatMap { way in
                MemoryFileSystem.LockKeeper.allCases.map { Keeping(way: way, keeper: $0) }
            }
        }

        /// Of forty requests that wait at a time all but 31 are refused, where each queue holds as many as by default:
        /// one entry of each queue stays free for whoever unlocks. The kernel, too, is held to this script.
        @Test(arguments: Keeping.all)
        func exclude(_ keeping: Keeping) async throws {
            let backend = MemoryFileSystem(byteLimit: 1 << 20, locks: keeping.keeper)
            try await withMount(backend, configuration: try keeping.way.configuration()) { session in
                let refused = keeping.keeper == .kernel ? 0 : 40 - (SessionConfiguration.standardDepth - 1)
                try await session.check("python3 - \(refused) <<'END'\n" + Self.script + "\nEND\n")
            }
        }

        /// Processes that lock ranges of one file, and whole files, in each other's way.
        static let script = """
            import ctypes, errno, fcntl, os, signal, struct, sys, time
            OFD_GETLK, OFD_SETLK, OFD_SETLKW = 36, 37, 38
            def flock_struct(kind, start, length): return struct.pack("hhqqi4x", kind, 0, start, length, 0)
            def lk(fd, cmd, kind, start, length):
                try: return struct.unpack("hhqqi4x", fcntl.fcntl(fd, cmd, flock_struct(kind, start, length)))
                except OSError as e: return errno.errorcode[e.errno]
            R, W, U = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
            SET, WAIT, GET = fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_GETLK
            def fl(fd, op):
                try: fcntl.flock(fd, op); return 0
                except OSError as e: return errno.errorcode[e.errno]
            EX, SH, UN, NB = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_NB
            class Child:
                # A process that runs one call at a time.
                def __init__(self):
                    self.i, o = os.pipe(); i, self.o = os.pipe(); self.r, w = os.pipe()
                    self.pid = os.fork()
                    if self.pid == 0:
                        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
                        os.close(self.o); os.close(self.r); g = {}
                        f = os.fdopen(i)
                        exec("import os,fcntl", g); g.update(globals())
                        for line in f:
                            try: res = eval(line, g)
                            except OSError as e: res = errno.errorcode[e.errno]
                            os.write(w, (repr(res) + "\\n").encode())
                        os._exit(0)
                    os.close(i); os.close(w); os.close(self.i); os.close(o); self.f = os.fdopen(self.r)
                def start(self, text): os.write(self.o, (text + "\\n").encode())
                def answer(self): return eval(self.f.readline())
                def do(self, text): self.start(text); return self.answer()
                def opens(self): self.do("globals().__setitem__('x', os.open('f', os.O_RDWR))")
                def waits(self):
                    import select
                    return not select.select([self.r], [], [], 0.4)[0]
                def end(self, sig=None):
                    if sig: os.kill(self.pid, sig)
                    os.close(self.o); os.waitpid(self.pid, 0); self.f.close()
            def same(a, b, what=""):
                if a != b: raise SystemExit("line %d: %r instead of %r %s" % (sys._getframe(1).f_lineno, a, b, what))
            def ok(a): 
                if isinstance(a, str): raise SystemExit("line %d: %s" % (sys._getframe(1).f_lineno, a))
            open("f", "w").close()
            fd = os.open("f", os.O_RDWR)
            a = Child(); b = Child()
            for c in (a, b): c.opens()
            # ranges: split, merge, conflict told with its holder
            ok(a.do("lk(x, SET, W, 0, 100)")); ok(a.do("lk(x, SET, U, 40, 20)"))
            same(lk(fd, GET, R, 0, 0)[:5], (W, 0, 0, 40, a.pid))
            same(lk(fd, GET, R, 40, 20)[0], U)
            same(lk(fd, GET, R, 50, 0)[:5], (W, 0, 60, 40, a.pid))
            ok(a.do("lk(x, SET, W, 40, 20)")); same(lk(fd, GET, R, 99, 1)[:4], (W, 0, 0, 100))
            ok(a.do("lk(x, SET, R, 10, 10)")); ok(lk(fd, SET, R, 10, 10)); same(lk(fd, SET, W, 10, 10), "EAGAIN")
            ok(lk(fd, SET, U, 0, 0))
            same(b.do("lk(x, SET, W, 5, 1)"), "EAGAIN")
            # waiting, and being served
            b.start("lk(x, WAIT, W, 0, 10)"); assert b.waits()
            ok(a.do("lk(x, SET, U, 0, 0)")); ok(b.answer()); same(lk(fd, GET, R, 0, 0)[:5], (W, 0, 0, 10, b.pid))
            # deadlock
            ok(a.do("lk(x, SET, W, 20, 10)")); b.start("lk(x, WAIT, W, 20, 10)"); assert b.waits()
            same(a.do("lk(x, WAIT, W, 0, 10)"), "EDEADLOCK")
            ok(a.do("lk(x, SET, U, 0, 0)")); ok(b.answer())
            # interrupted: the handler of a signal ends the wait
            a.do("globals().__setitem__('stop', lambda *_: (_ for _ in ()).throw(InterruptedError(4, '')))")
            a.do("[signal.signal(signal.SIGALRM, stop)] and None")
            a.start("lk(x, WAIT, W, 0, 10)"); assert a.waits(); os.kill(a.pid, signal.SIGALRM)
            same(a.answer(), "EINTR")
            # killed while it waits: it ends, and gets nothing
            c = Child(); c.opens()
            c.start("lk(x, WAIT, W, 0, 10)"); assert c.waits(); c.end(signal.SIGKILL)
            ok(b.do("lk(x, SET, U, 0, 0)")); same(lk(fd, GET, W, 0, 0)[0], U)
            # closing any descriptor of the file gives up all of a process's locks
            ok(a.do("lk(x, SET, W, 0, 10)")); a.do("os.close(os.open('f', os.O_RDONLY))"); ok(lk(fd, SET, W, 0, 10))
            ok(lk(fd, SET, U, 0, 0))
            # so does its end
            c = Child(); c.opens(); ok(c.do("lk(x, SET, W, 0, 0)"))
            b.start("lk(x, WAIT, R, 5, 5)"); assert b.waits(); c.end(signal.SIGKILL); ok(b.answer())
            ok(b.do("lk(x, SET, U, 0, 0)"))
            # open files' own locks: between descriptors of one process, kept until the last is closed
            p, q = os.open("f", os.O_RDWR), os.open("f", os.O_RDWR)
            ok(lk(p, OFD_SETLK, W, 0, 10)); same(lk(q, OFD_SETLK, W, 5, 1), "EAGAIN")
            same(lk(fd, SET, R, 5, 1), "EAGAIN")
            same(lk(q, OFD_GETLK, R, 0, 0)[:5], (W, 0, 0, 10, -1))
            os.close(os.open("f", os.O_RDONLY)); same(lk(q, OFD_SETLK, W, 5, 1), "EAGAIN")
            d = os.dup(p); os.close(p); same(lk(q, OFD_SETLK, W, 5, 1), "EAGAIN"); os.close(d)
            def soon(f):
                for _ in range(200):
                    r = f()
                    if r != "EAGAIN": return ok(r)
                    time.sleep(0.02)
                raise SystemExit("never released")
            soon(lambda: lk(q, OFD_SETLK, W, 5, 1)); ok(lk(q, OFD_SETLK, U, 0, 0))
            # whole files: flock
            p = os.open("f", os.O_RDWR)
            same(fl(p, SH), 0); same(fl(q, SH | NB), 0); same(fl(q, EX | NB), "EAGAIN"); same(fl(p, UN), 0)
            same(fl(q, EX | NB), 0); ok(lk(fd, SET, W, 0, 0)); ok(lk(fd, SET, U, 0, 0)); same(fl(p, SH | NB), "EAGAIN")
            a.start("fl(x, EX)"); assert a.waits(); same(fl(q, SH), 0); assert a.waits(); same(fl(q, UN), 0)
            same(a.answer(), 0)
            a.end(signal.SIGKILL); soon(lambda: fl(p, EX | NB))
            os.close(p); soon(lambda: fl(q, EX | NB))
            # inherited by fork, gone with the last
            p = os.open("g", os.O_RDWR | os.O_CREAT); same(fl(p, EX), 0); c = Child(); os.close(p)
            p = os.open("g", os.O_RDWR); same(fl(p, EX | NB), "EAGAIN"); c.end(); soon(lambda: fl(p, EX | NB))
            # many who wait at once: all others still get through, and all are served
            ok(lk(fd, SET, W, 1000, 1)); cs = [Child() for _ in range(40)]
            for c in cs:
                c.opens(); c.start("(lk(x, WAIT, W, 1000, 1), lk(x, SET, U, 1000, 1))")
            time.sleep(1); open("h", "w").write("x"); ok(lk(fd, SET, U, 1000, 1))
            got = [c.answer() for c in cs]; [c.end(signal.SIGKILL) for c in cs]
            refused = sum(x[0] == "ENOLCK" for x in got)
            assert all(not isinstance(x[0], str) for x in got if x[0] != "ENOLCK"), got
            same(refused, int(sys.argv[1])); b.end()
            """
    }
}
