import CTestSupport
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Who a caller is, what it may, and what a backend is told of that.
    @Suite
    struct Owners {
        private static let shared = MountOptions(allowOther: true)

        /// Runs programs as others; every script starts with it.
        private static let prelude = """
            chmod 755 ..
            as() { setpriv --reuid=$1 --regid=$2 --groups=$3 bash -c "$4"; }

            """

        private func mounted(
            _ way: Way,
            _ witness: WitnessFileSystem<MemoryFileSystem>,
            _ change: (inout SessionConfiguration) -> Void = { _ in },
            _ body: (MountedSession) async throws -> Void
        ) async throws {
            var configuration = try way.configuration()
            change(&configuration)
            try await withMount(witness, options: Self.shared, configuration: configuration) { session in
                #expect(session.status.notices == [])
                try await body(session)
            }
        }

        /// Without ACLs, which bring features of their own, unless they are asked for.
        private func memory(_ features: FileSystemFeatures = []) -> WitnessFileSystem<MemoryFileSystem> {
            WitnessFileSystem(
                MemoryFileSystem(byteLimit: 64 << 20), adding: features,
                removing: features.contains(.accessControlLists) ? [] : .accessControlLists)
        }

        // MARK: ACLs

        @Test(arguments: Way.allCases)
        func kernelChecksByAccessLists(_ way: Way) async throws {
            let witness = memory(.accessControlLists)
            try await mounted(way, witness) { session in
                #expect(session.status.connection.features.isSuperset(of: [.accessControlLists, .appliesUmask]))
                try await session.check(
                    Self.prelude + """
                        echo secret > file
                        chmod 600 file
                        refuses 'Permission denied' as 1234 1234 1234 'cat file'
                        setfacl -m u:1234:r-- file
                        # The backend of this test keeps the list only: the mode is for it to change.
                        chmod 640 file
                        same "$(as 1234 1234 1234 'cat file')" secret
                        refuses 'Permission denied' as 1234 1234 1234 'echo x >> file'
                        refuses 'Permission denied' as 5678 5678 5678 'cat file'
                        getfacl -cn file | grep -x 'user:1234:r--'
                        setfacl -b file
                        refuses 'Permission denied' as 1234 1234 1234 'cat file'
                        """)
            }
        }

        /// Who is not in the file's group loses its set-group-ID bit with the access ACL.
        @Test(arguments: Way.allCases)
        func clearsSetGroupIDWithTheList(_ way: Way) async throws {
            let witness = memory(.accessControlLists)
            try await mounted(way, witness) { session in
                try await session.check(
                    Self.prelude + """
                        touch file
                        chown 1234:4242 file
                        setfacl -m u:1:r file
                        as 1234 1234 1234 'setfacl -m u:2:r file'
                        as 1234 1234 4242 'setfacl -m u:3:r file'
                        """)
            }
            #expect(witness.record.clearsSetGroupID == [false, true, false])
        }

        // MARK: What comes with new nodes

        @Test(arguments: Way.allCases)
        func umask(_ way: Way) async throws {
            let script = "umask 027; touch file; mkdir dir; mkfifo fifo"
            let told = memory(.appliesUmask)
            try await mounted(way, told) { try await $0.check(script) }
            #expect(told.record.made["file"]?.mode == 0o100666)
            #expect(told.record.made["dir"]?.mode == 0o40777)
            #expect(told.record.made["fifo"]?.mode == 0o10666)
            #expect(told.record.made.values.map(\.umask) == [0o27, 0o27, 0o27])
            let plain = memory()
            try await mounted(way, plain) { try await $0.check(script) }
            #expect(plain.record.made["file"]?.mode == 0o100640)
            #expect(plain.record.made["dir"]?.mode == 0o40750)
            #expect(plain.record.made["fifo"]?.mode == 0o10640)
        }

        @Test(
            .enabled(if: RequireRing.release >= (6, 3), "this kernel names no groups of who creates"),
            arguments: Way.allCases)
        func supplementaryGroup(_ way: Way) async throws {
            let script =
                Self.prelude + """
                    mkdir dir
                    chown 0:4242 dir
                    chmod 2777 dir
                    cd dir
                    as 1234 1234 55,4242 'touch file; mkdir sub; mkfifo fifo; ln -s target link'
                    as 1234 1234 55 'touch stranger'
                    as 1234 4242 55 'touch own'
                    """
            let told = memory(.supplementaryGroups)
            try await mounted(way, told) { session in
                #expect(session.status.connection.features.contains(.supplementaryGroups))
                try await session.check(script)
            }
            let made = told.record.made
            for name in ["file", "sub", "fifo", "link"] { #expect(made[name]?.supplementaryGroup == 4242, "\(name)") }
            for name in ["stranger", "own"] {
                let one = try #require(made[name])
                #expect(one.supplementaryGroup == nil, "\(name)")
            }
            let plain = memory()
            try await mounted(way, plain) { try await $0.check(script) }
            #expect(plain.record.made.count == 7)
            #expect(plain.record.made.values.allSatisfy { $0.supplementaryGroup == nil })
        }

        /// Where no security module labels files, none comes, and the rest of the request is none the worse for it.
        @Test(arguments: Way.allCases)
        func securityContext(_ way: Way) async throws {
            let witness = memory([.securityContexts, .supplementaryGroups])
            let labels = try text(of: "/sys/kernel/security/lsm", orElse: "")
                .split { $0 == "," }.contains { $0 == "selinux" || $0 == "smack" }
            try await mounted(way, witness) { session in
                #expect(session.status.connection.features.contains(.securityContexts))
                try await session.check(
                    "echo text > file; mkdir dir; ln -s target link; mkfifo fifo; same $(cat file) text")
            }
            #expect(witness.record.made.count == 4)
            #expect(witness.record.made.values.allSatisfy { $0.hasSecurityContext == labels })
        }

        // MARK: Set-ID bits

        @Test(arguments: Way.allCases)
        func requestsSayWhatClearsSetIDBits(_ way: Way) async throws {
            let witness = memory()
            try await mounted(way, witness) { session in
                try await session.check(
                    Self.prelude + """
                        for kind in write open cut; do touch $kind; done
                        # Root may keep them.
                        for kind in write open cut; do chmod 6777 $kind; done
                        echo x >> write
                        echo x > open
                        truncate -s 1 cut
                        same "$(stat -c %a write open cut | uniq)" 6777
                        """)
                #expect(witness.record.writes.allSatisfy { !$0.contains(.killsPrivileges) })
                #expect(witness.record.opens.allSatisfy { !$0.contains(.killsPrivileges) })
                #expect(witness.record.changes.allSatisfy { !$0.killsPrivileges })
                try await session.check(
                    Self.prelude + """
                        as 1234 1234 1234 'echo x >> write; echo -n > open; truncate -s 2 cut'
                        # The kernel, too, must know, whoever asks for the mode alone.
                        for try in {1..100}; do
                            [[ "$(stat -c %a write open cut | uniq)" != 777 ]] || exit 0
                            sleep 0.05
                        done
                        stat -c '%n %a' write open cut
                        exit 1
                        """)
            }
            let record = witness.record
            #expect(record.writes.last?.contains(.killsPrivileges) == true)
            #expect(record.opens.contains { $0.isSuperset(of: [.truncate, .killsPrivileges]) })
            #expect(record.changes.contains { $0.size == 2 && $0.killsPrivileges })
        }

        // MARK: Mapped owners

        @Test(
            .enabled(if: RequireRing.release >= (6, 12), "this kernel has no idmapped mounts of FUSE"),
            arguments: Way.allCases)
        func mappedOwners(_ way: Way) async throws {
            let witness = memory()
            try await mounted(way, witness, { $0.allowsIDMapping = true }) { session in
                #expect(session.status.connection.features.contains(.idmappedMounts))
                try await session.check("mkdir dir open; chown 1001:1002 dir; chmod 777 open; mkdir $OUT/bind")
                let bind = session.scratch.outside.appending("bind")
                let result = unsafe rfuse_test_bind_mapped(session.path.string, bind.string, 1000, 2000, 10)
                try #require(result == 0, "\(Errno(rawValue: -result))")
                defer { unsafe _ = umount2(bind.string, Int32(MNT_DETACH)) }
                try await session.check(
                    Self.prelude + """
                        chmod 755 $OUT
                        cd $OUT/bind
                        same "$(stat -c %u:%g dir)" 2001:2002
                        as 2001 2002 2002 'echo text > dir/file; mkdir dir/sub; chmod 600 dir/file'
                        same "$(stat -c %u:%g dir/file dir/sub | uniq)" 2001:2002
                        same "$(as 2001 2002 2002 'cat dir/file')" text
                        refuses 'Permission denied' as 2003 2003 2003 'cat dir/file'
                        refuses 'Value too large' as 3000 3000 3000 'touch open/file'
                        cd $OUT/../mount
                        same "$(stat -c %u:%g dir/file dir/sub | uniq)" 1001:1002
                        """)
            }
            #expect(witness.record.made["file"]?.userID == 1001)
            #expect(witness.record.made["sub"]?.groupID == 1002)
        }

        /// Without the feature the kernel maps no owners.
        @Test(arguments: Way.allCases)
        func unmappedOwners(_ way: Way) async throws {
            try await mounted(way, memory()) { session in
                #expect(!session.status.connection.features.contains(.idmappedMounts))
                try await session.check("mkdir $OUT/bind")
                let bind = session.scratch.outside.appending("bind")
                let result = unsafe rfuse_test_bind_mapped(session.path.string, bind.string, 1000, 2000, 10)
                #expect(result == -EINVAL)
            }
        }

        /// Permissions have to be the kernel's to check, or it would fail the whole mount.
        @Test(arguments: Way.allCases)
        func mappedOwnersNeedPermissions(_ way: Way) async throws {
            var configuration = try way.configuration()
            configuration.allowsIDMapping = true
            let witness = WitnessFileSystem(
                MemoryFileSystem(byteLimit: 1 << 20), removing: [.accessControlLists, .kernelChecksPermissions])
            try await withMount(witness, configuration: configuration) { session in
                #expect(session.status.notices == ["no idmapped mounts: they need -o default_permissions"])
                try await session.check("echo text > file; same $(cat file) text")
            }
        }
    }
}

/// What a file of the kernel's holds, or something else where there is none.
private func text(of path: FilePath, orElse other: String) throws -> String {
    do {
        return try text(of: path)
    } catch Errno.noSuchFileOrDirectory {
        return other
    }
}
