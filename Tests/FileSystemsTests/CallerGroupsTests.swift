import Glibc
import Testing

@testable import FileSystems

/// Groups of callers, as `/proc` tells them.
@Suite struct CallerGroupsTests {
    @Test func areReadFromTheirLine() {
        let status = "Name:\tGroups: 9\nGid:\t1\t2\nGroups:\t4 24 4294967294 \nNStgid:\t7\n"
        #expect(CallerGroups.groups(in: Array(status.utf8)) == [4, 24, 4_294_967_294])
        #expect(CallerGroups.groups(in: Array("Groups:\t\n".utf8)).isEmpty)
        #expect(CallerGroups.groups(in: Array("Gid:\t1\n".utf8)).isEmpty)
        #expect(CallerGroups.groups(in: []).isEmpty)
    }

    @Test func areThoseOfTheThread() {
        var groups = [gid_t](repeating: 0, count: 65_536)
        let count = unsafe getgroups(65_536, &groups)
        #expect(Set(CallerGroups.groups(ofThread: UInt32(getpid()))) == Set(groups.prefix(Int(max(0, count)))))
        #expect(CallerGroups.groups(ofThread: 0).isEmpty)
        #expect(CallerGroups.groups(ofThread: UInt32(Int32.max)).isEmpty)
    }
}
