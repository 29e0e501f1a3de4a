import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Where nothing can be mounted, the session says why in one line.
    @Suite
    struct Refusal {
        private func error(at path: FilePath) async -> MountError? {
            let session = Session(NullFileSystem(), at: path)
            let error = await #expect(throws: SessionError.self) { try await session.run() }
            guard case .mount(let error) = error else {
                Issue.record("\(error as Any)")
                return nil
            }
            #expect(!"\(error)".contains("\n"))
            return error
        }

        @Test func namesAMissingMountPoint() async throws {
            try await withScratch { scratch in
                let path = scratch.path.appending("missing")
                #expect(await error(at: path) == .missing(path))
                #expect("\(SessionError.mount(.missing(path)))".contains("mkdir -p \(path)"))
            }
        }

        @Test func namesAMountPointThatIsAFile() async throws {
            try await withScratch { scratch in
                let path = scratch.path.appending("file")
                try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
                #expect(await error(at: path) == .notADirectory(path))
                #expect("\(SessionError.mount(.notADirectory(path)))".contains("not a directory"))
            }
        }

        @Test func namesABusyMountPoint() async throws {
            try await withMount(NullFileSystem()) { session in
                let path = session.path
                #expect(await error(at: path) == .busy(path, type: "fuse.ringfuse", source: "ringfuse"))
                // The one that is there is not touched.
                #expect(try session.isMounted)
                try await session.check("touch f; same \"$(ls)\" f")
            }
        }
    }
}
