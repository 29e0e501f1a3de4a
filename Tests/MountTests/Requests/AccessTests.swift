import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// access(2) on a backend that checks permissions itself.
    @Suite
    struct AccessChecks {
        /// Each is asked of the backend, which answers for root, too.
        @Test(arguments: Way.allCases)
        func areAskedFor(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let script = """
                    import os
                    assert os.access("file", os.R_OK)
                    assert not os.access("file", os.W_OK)
                    assert not os.access("file", os.R_OK | os.W_OK)
                    assert os.access("file", os.F_OK)
                    """
                let child = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", script], in: session.path)
                let ending = try await child.ended()
                #expect(ending.isSuccess, "\(ending.text)")
                #expect(backend.seen.accesses == [.read, .write, [.read, .write], []])
            }
        }
    }
}
