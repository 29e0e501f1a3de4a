import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What the kernel caches for ever, it drops when it is told to.
    @Suite
    struct Notifications {
        @Test(arguments: Way.allCases)
        func contentIsReadAgain(_ way: Way) async throws {
            let backend = ChangingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("same \"$(cat file)\" old")
                // Of the same size and time: reading makes the kernel ask for attributes, and it would see those
                // change.
                backend.write("new")
                try await session.check("same \"$(cat file)\" old")
                try backend.tellContent()
                try await session.check(
                    "for i in {1..200}; do [[ $(cat file) == new ]] && exit 0; sleep 0.05; done; fail still old")
            }
        }

        @Test(arguments: Way.allCases)
        func nameIsLookedUpAgain(_ way: Way) async throws {
            let backend = ChangingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("stat file")
                backend.removeName()
                try await session.check("stat file")
                try backend.tellName()
                try await session.check(
                    "for i in {1..200}; do [[ -e file ]] || exit 0; sleep 0.05; done; fail still there")
            }
        }

        /// Thousands of them while programs read: none waits for another, and all of it ends with the mount.
        @Test(arguments: Way.allCases)
        func manyWhileRequestsGoOn(_ way: Way) async throws {
            let backend = ChangingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let readers = try await session.start("for i in {1..200}; do cat file >/dev/null; done")
                for _ in 0..<20_000 {
                    try backend.tellContent()
                    try backend.tellName()
                }
                let ending = try await readers.ended(within: .seconds(60))
                #expect(ending.isSuccess, "\(ending.text)")
                try await session.unmount()
                try await session.ended()
                #expect(throws: Errno.socketNotConnected) { try backend.tellContent() }
            }
        }
    }
}
