import Glibc
import RingFUSE
import SystemPackage
import Testing

/// The example of README.md: it is the code that is tested, and it works.
@Suite struct ReadmeExampleTests {
    /// The text of a file of the package.
    private func text(_ path: String) throws -> String {
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let file = try FileDescriptor.open(root.appending(path), .readOnly)
        defer { try? file.close() }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    /// The lines between two others.
    private func lines(of text: String, after start: String, until end: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return Array(lines.drop { $0 != start }.dropFirst().prefix { $0 != end })
    }

    @Test func readmeHasTheTestedCode() throws {
        let code = lines(
            of: try text("Tests/RingFUSETests/ReadmeExample.swift"),
            after: "// README: begin",
            until: "// README: end"
        )
        let shown = lines(
            of: try text("README.md"),
            after: "<!-- Tests/RingFUSETests/ReadmeExample.swift -->",
            until: "```"
        )
        #expect(code.count > 20)
        // The block starts with its fence and the imports.
        #expect(Array(shown.dropFirst(4)) == code)
    }

    @Test(arguments: [SessionConfiguration.Transport.auto, .device])
    func itWorks(transport: SessionConfiguration.Transport) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let mountPoint = scratch.directory("hello")
        var configuration = SessionConfiguration()
        configuration.transport = transport
        let session = Session(Hello(), at: mountPoint, configuration: configuration)
        let (ready, tell) = AsyncStream<Void>.makeStream()
        async let served: Void = {
            defer { tell.finish() }
            try await session.run(onReady: { _ in tell.yield() })
        }()
        for await _ in ready { break }
        let path = mountPoint.appending("hello.txt")
        let read: Result<String, any Error> = Result {
            let file = try FileDescriptor.open(path, .readOnly)
            defer { try? file.close() }
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
        let names = entries(of: mountPoint)
        try await session.unmount()
        try await served
        #expect(try read.get() == "Hello from RingFUSE.\n")
        #expect(names == ["hello.txt"])
    }

    /// The names in a directory.
    private func entries(of path: FilePath) -> [String] {
        guard let directory = unsafe opendir(path.string) else { return [] }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}
