import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// How nice threads are: as the process is, whoever starts them.
@Suite struct WorkerTestsNice {
    /// `PRIO_PROCESS`, which stands for a thread.
    private static let process = Int32(PRIO_PROCESS.rawValue)

    /// libdispatch gives its threads a nice value of its own, and a session is started on one of them.
    @Test(.enabled(if: geteuid() == 0, "only root may be less nice than its creator"))
    func aThreadIsAsNiceAsTheProcess() throws {
        let wanted = getpriority(Self.process, id_t(getpid()))
        let found = Handoff<Int32>()
        let creator = try DedicatedThread(name: "nicer") { _ in
            _ = setpriority(Self.process, 0, wanted + 1)
            #expect(getpriority(Self.process, 0) == wanted + 1)
            guard let thread = try? DedicatedThread(name: "nice", { _ in found.put(getpriority(Self.process, 0)) })
            else { return found.put(.max) }
            thread.join()
        }
        #expect(found.take() == wanted)
        creator.join()
    }
}
