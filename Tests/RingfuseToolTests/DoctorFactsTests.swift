import Foundation
import RingFUSE
import SystemPackage
import Testing

@testable import ringfuse

/// Facts read from a tree of files made up here.
@Suite struct DoctorFactsTests {
    /// A directory with some files, taken away with it.
    private final class Tree {
        /// Where it is.
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("ringfuse-doctor-\(UUID())")

        /// Writes files, by their paths from the root.
        init(_ files: [String: String]) throws {
            for (path, text) in files {
                let file = url.appendingPathComponent(path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: file)
            }
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        /// What the doctor reads there.
        var facts: DoctorFacts { .read(root: FilePath(url.path), path: "/usr/bin") }
    }

    @Test func machine() throws {
        let tree = try Tree([
            "dev/fuse": "",
            "proc/sys/kernel/osrelease": "6.14.1\n",
            "proc/sys/kernel/io_uring_disabled": "1\n",
            "proc/sys/kernel/io_uring_group": "33\n",
            "proc/sys/fs/fuse/max_pages_limit": "1024\n",
            "proc/filesystems": "nodev\tsysfs\n\text4\nnodev\tfuse\n",
            "proc/self/status": "Name:\tx\nCapEff:\t0000000000200000\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\n",
            "proc/self/limits": """
            Limit                     Soft Limit           Hard Limit           Units
            Max open files            1024                 1048576              files
            Max locked memory         8388608              unlimited            bytes

            """,
            "sys/module/fuse/parameters/enable_uring": "N\n",
            "etc/fuse.conf": "# user_allow_other\nmount_max = 1000\n",
            "sys/devices/system/cpu/possible": "0-7\n",
        ])
        let facts = tree.facts
        #expect(facts.release == "6.14.1")
        #expect(facts.hasFUSE)
        #expect(facts.device == .opened)
        #expect(facts.enableRing == false)
        #expect(facts.canEnableRing)
        #expect(facts.ringsDisabled == 1)
        #expect(facts.ringGroup == 33)
        #expect(facts.maxPages == 1024)
        #expect(facts.isAdministrator)
        #expect(facts.boundingCapabilities == 0x1ff_ffff_ffff)
        #expect(facts.noNewPrivileges)
        #expect(facts.files == DoctorFacts.Limit(soft: 1024, hard: 1_048_576))
        #expect(facts.lockedMemory == DoctorFacts.Limit(soft: 8_388_608, hard: nil))
        #expect(facts.helper == nil)
        #expect(facts.allowsOthers == false)
        #expect(facts.topology.possible.count == 8)
    }

    @Test func bareMachine() throws {
        let facts = try Tree(["proc/filesystems": "nodev\tfusectl\n"]).facts
        #expect(!facts.hasFUSE)
        #expect(facts.device == .refused(.noSuchFileOrDirectory))
        #expect(facts.enableRing == nil)
        #expect(!facts.canEnableRing)
        #expect(facts.ringsDisabled == nil)
        #expect(facts.ringGroup == nil)
        #expect(facts.maxPages == nil)
        #expect(!facts.isAdministrator)
        #expect(facts.allowsOthers == nil)
    }

    @Test func groupThatIsNotSet() throws {
        let facts = try Tree(["proc/sys/kernel/io_uring_group": "-1\n"]).facts
        #expect(facts.ringGroup == nil)
    }

    @Test func helper() throws {
        let tree = try Tree(["usr/bin/fusermount3": "#!/bin/sh\n"])
        let path = tree.url.appendingPathComponent("usr/bin/fusermount3").path
        #expect(tree.facts.helper == nil, "it is no program")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        #expect(tree.facts.helper == FilePath(path))
        #expect(!tree.facts.helperIsPrivileged)
    }

    @Test(arguments: [
        ("user_allow_other", true), ("#user_allow_other", false), ("  user_allow_other # yes", true), ("", false),
        ("mount_max=3\nuser_allow_other\n", true), ("user_allow_others", false),
    ])
    func configuration(text: String, allows: Bool) {
        #expect(DoctorFacts.allowsOthers(text) == allows)
    }
}
