import CRingFUSE
import Glibc
import RingFUSE
import Synchronization
import SystemPackage
import Testing

@testable import FileSystems

/// Reading directories.
struct MirrorTestsDirectories {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    /// An entry that a directory has told.
    private struct Seen {
        var name: String
        var inode: UInt64
        var type: NodeType?
        var cookie: UInt64
    }

    /// Entries after a cookie, `limit` at the most, as the open directory enumerates them.
    private func some(
        of directory: MirrorDirectory,
        after cookie: UInt64,
        limit: Int
    ) throws(Errno) -> [Seen] {
        var seen: [Seen] = []
        try directory.entries(after: cookie) { name, record throws(Errno) in
            guard seen.count < limit else { return false }
            seen.append(Seen(name: String(name), inode: record.inode, type: record.type, cookie: record.cookie))
            return true
        }
        return seen
    }

    /// All entries, in steps.
    private func all(of directory: MirrorDirectory, step: Int) throws(Errno) -> [Seen] {
        var seen: [Seen] = []
        while true {
            let more = try some(of: directory, after: seen.last?.cookie ?? 0, limit: step)
            if more.isEmpty { return seen }
            seen += more
        }
    }

    private func open(_ node: NodeID = .root) throws -> MirrorDirectory {
        let handle = try fixture.openDirectory(node).handle
        return try #require(fixture.mirror.directories.withLock { $0[handle] })
    }

    @Test(arguments: [1, 7, 1000, 10_000]) func tellsEachNameOnce(step: Int) throws {
        let names = (0..<5_000).map { "file with a longer name \($0)" }
        for name in names { _ = try fixture.put("", at: name) }
        let seen = try all(of: open(), step: step)
        #expect(seen.count == 5_002)
        #expect(Set(seen.map(\.name)) == Set(names + [".", ".."]))
        #expect(seen.allSatisfy { $0.cookie != 0 })
        let file = try #require(seen.first { $0.name == names[17] })
        #expect(file.inode == fixture.source(names[17])?.inode)
        #expect(file.type == .regular)
        #expect(seen.first { $0.name == "." }?.type == .directory)
    }

    @Test func goesOnFromAnyCookie() throws {
        for index in 0..<300 { try fixture.put("", at: "file\(index)") }
        let directory = try open()
        let first = try all(of: directory, step: 50)
        // Back, as `seekdir` does, and not where the last reading ended.
        let again = try some(of: directory, after: first[99].cookie, limit: 1000)
        #expect(again.map(\.name) == first[100...].map(\.name))
        // From the start: what is new shows.
        try fixture.put("", at: "new")
        #expect(try all(of: directory, step: 1000).contains { $0.name == "new" })
    }

    @Test func namesThatStayAreToldOnceWhileOthersGo() throws {
        for index in 0..<2_000 { try fixture.put("", at: "file\(index)") }
        let directory = try open()
        var seen: [Seen] = []
        while true {
            let more = try some(of: directory, after: seen.last?.cookie ?? 0, limit: 100)
            if more.isEmpty { break }
            // Odd ones go as soon as they were told.
            for entry in more where entry.name.last.flatMap({ Int(String($0)) }).map({ $0 % 2 == 1 }) == true {
                try fixture.remove(entry.name)
            }
            seen += more
        }
        #expect(seen.count == 2_002)
        #expect(Set(seen.map(\.name)).count == 2_002)
    }

    @Test func aRemovedDirectoryIsEmpty() throws {
        let node = try fixture.makeDirectory("directory").node
        let directory = try open(node)
        try fixture.remove("directory", isDirectory: true)
        #expect(try all(of: directory, step: 10).isEmpty)
    }

    @Test func isMadeDurableAndClosed() async throws {
        let file = try fixture.openDirectory(.root)
        try await fixture.mirror.synchronizeDirectory(file, dataOnly: false, fixture.context())
        #expect(fixture.descriptorCount() == 2)
        try release(file)
        #expect(fixture.descriptorCount() == 1)
        #expect(throws: Errno.badFileDescriptor) { try release(file) }
        await #expect(throws: Errno.badFileDescriptor) {
            try await fixture.mirror.synchronizeDirectory(file, dataOnly: false, fixture.context())
        }
    }

    private func release(_ file: OpenFile) throws(Errno) {
        try fixture.mirror.releaseDirectory(file, fixture.context())
    }

    // MARK: Through a reply

    /// Whether listings are encoded yet.
    private static let listingsWork: Bool = {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { unsafe memory.deallocate() }
        var listing = unsafe DirectoryListing(
            base: memory.baseAddress.unsafelyUnwrapped,
            capacity: 4096,
            wantsEntries: false
        )
        return StoredName("x").withName { listing.append($0, inode: 1, type: nil, cookie: 1) }
    }()

    /// One reply: names and cookies, with the node where there is one, read from the bytes that the kernel would get.
    private func reply(
        _ directory: OpenFile,
        after cookie: UInt64,
        capacity: Int,
        wantsEntries: Bool
    ) throws(Errno) -> [(name: String, cookie: UInt64, node: UInt64, inode: UInt64)] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity + 32, alignment: 8)
        defer { unsafe memory.deallocate() }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        var listing = unsafe DirectoryListing(
            base: memory.baseAddress.unsafelyUnwrapped,
            capacity: capacity,
            wantsEntries: wantsEntries
        )
        try fixture.mirror.entries(of: directory, after: cookie, into: &listing, fixture.context())
        // struct fuse_dirent: inode, offset, length of the name, type, name; struct fuse_direntplus begins with
        // 128 bytes of fuse_entry_out, which begins with the node.
        let header = wantsEntries ? 128 : 0
        var offset = 0
        var result: [(name: String, cookie: UInt64, node: UInt64, inode: UInt64)] = []
        while offset + header + 24 <= capacity {
            let length = Int(unsafe memory.loadUnaligned(fromByteOffset: offset + header + 16, as: UInt32.self))
            guard length > 0 else { break }
            let start = offset + header + 24
            result.append(
                (
                    unsafe String(decoding: memory[start..<start + length], as: UTF8.self),
                    unsafe memory.loadUnaligned(fromByteOffset: offset + header + 8, as: UInt64.self),
                    wantsEntries ? unsafe memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0,
                    unsafe memory.loadUnaligned(fromByteOffset: offset + header, as: UInt64.self)
                )
            )
            offset = (start + length + 7) & ~7
        }
        return result
    }

    @Test(.enabled(if: listingsWork, "DirectoryListing encodes nothing yet"), arguments: [false, true])
    func repliesWithEachNameOnce(wantsEntries: Bool) throws {
        let names = (0..<1_000).map { "file\($0)" }
        for name in names { try fixture.put("", at: name) }
        let before = fixture.mirror.nodes.count
        let directory = try fixture.openDirectory(.root)
        var seen: [(name: String, cookie: UInt64, node: UInt64, inode: UInt64)] = []
        while true {
            let more = try reply(directory, after: seen.last?.cookie ?? 0, capacity: 4096, wantsEntries: wantsEntries)
            if more.isEmpty { break }
            seen += more
        }
        #expect(seen.map(\.name).sorted() == (names + [".", ".."]).sorted())
        // Nothing above the root shows.
        #expect(seen.first { $0.name == ".." }?.inode == fixture.source(".")?.inode)
        let looked = seen.filter { $0.node != 0 }
        #expect(looked.count == (wantsEntries ? 1_000 : 0))
        #expect(fixture.mirror.nodes.count == before + looked.count)
        // Exactly one lookup was counted for each that the kernel was told of, none for those that did not fit.
        for entry in looked { fixture.mirror.forget(NodeID(entry.node), lookups: 1) }
        #expect(fixture.mirror.nodes.count == before)
    }

    // MARK: Lists that the kernel keeps

    /// Opens the root, and tells whether the kernel may use what it has kept of its list.
    private func keepsList(_ fixture: MirrorFixture) throws -> Bool {
        let options = try fixture.mirror.openDirectory(.root, [], fixture.context()).options
        #expect(options == [] || options == [.cacheDirectory, .keepCache])
        return options != []
    }

    /// Makes it look as if the directory had not been changed for a while: its times have whole seconds to pass.
    private func settle() { usleep(3_100_000) }

    @Test func aListThatWasReadTwiceIsKept() throws {
        let lasting = try MirrorFixture(options: .init(attributesLifetime: .forever))
        try lasting.put("", at: "file")
        // Changed a moment ago: another change might bear the same time.
        #expect(try !keepsList(lasting))
        #expect(try !keepsList(lasting))
        settle()
        #expect(try !keepsList(lasting))
        #expect(try keepsList(lasting))
        #expect(try keepsList(lasting))
        try lasting.put("", at: "another")
        #expect(try !keepsList(lasting))
        #expect(try !keepsList(lasting))
        settle()
        #expect(try !keepsList(lasting))
        #expect(try keepsList(lasting))
    }

    @Test func aListIsNotKeptWhereOthersMayChangeIt() throws {
        settle()
        #expect(try !keepsList(fixture))
        #expect(try !keepsList(fixture))
    }
}
