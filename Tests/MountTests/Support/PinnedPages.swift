import SystemPackage
import Testing

extension MountedSession {
    /// Has a program read all pages of a file and lock them in memory while the body runs: the kernel drops cached pages
    /// whenever it likes, but none of these.
    func pinningPages<Result>(of file: String, _ body: () async throws -> Result) async throws -> Result {
        let script = """
            import ctypes, os, sys, time
            libc = ctypes.CDLL(None, use_errno=True)
            libc.mmap.restype = ctypes.c_void_p
            libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
            libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
            file = os.open(sys.argv[1], os.O_RDONLY)
            size = os.fstat(file).st_size
            address = libc.mmap(None, size, 1, 1, file, 0)
            if libc.mlock(address, size) != 0:
                sys.exit("mlock: " + os.strerror(ctypes.get_errno()))
            print("pinned", flush=True)
            time.sleep(600)
            """
        let program = try await ChildProcess.start(
            ["/usr/bin/python3", "-I", "-c", script, file], in: path, limit: .seconds(60))
        let result: Result
        do {
            try await program.wrote("pinned")
            result = try await body()
        } catch {
            program.signal(9)
            _ = try? await program.ended()
            throw error
        }
        #expect(!program.hasEnded, "the pages were not pinned to the end: \(program.text)")
        program.signal(9)
        _ = try await program.ended()
        return result
    }
}
