import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What a source keeps for root stays for root, although a mirror that root serves could take it for anybody.
    @Suite
    struct ReservedRoom {
        /// How somebody fills a file system.
        enum Filling: String, Sendable, CaseIterable {
            case write = "dd if=/dev/zero of=big bs=64K conv=fsync"
            case largeWrite = "dd if=/dev/zero of=big bs=1M conv=fsync"
            /// As far as it goes: what the kernel keeps, it takes without end.
            case limitedWrite = "dd if=/dev/zero of=big bs=64K count=800 conv=fsync"
            case direct = "dd if=/dev/zero of=big bs=64K oflag=direct"
            case synchronous = "dd if=/dev/zero of=big bs=1M oflag=dsync"
            case append = "dd if=/dev/zero of=big bs=64K oflag=append conv=notrunc,fsync"
            case allocate = "for n in {1..200}; do fallocate -l 64K piece$n; done"
            case copy = """
                python3 -c '
                import os
                source = os.open("data", os.O_RDONLY)
                target = os.open("big", os.O_RDWR | os.O_CREAT)
                for n in range(200): os.copy_file_range(source, target, 65536, 0, n << 16)'
                """
            case attributes = """
                python3 -c '
                import os
                for n in range(2000):
                    name = "f" + str(n % 1000)
                    if n < 1000: os.close(os.open(name, os.O_CREAT))
                    else: os.setxattr(name, "user.a", str(n).encode() * 600)'
                """
            case directories = "mkdir d{1..1000}"
        }

        /// Mounts a mirror of a small ext4, fills it as nobody, and sees that the reserve is still there, and root's.
        private func check(
            _ way: Way,
            _ filling: Filling,
            _ cache: WriteCache,
            directSource: Bool = false,
            change: (inout SessionConfiguration) -> Void = { _ in }
        ) async throws {
            var configuration = try way.configuration()
            cache.apply(to: &configuration)
            change(&configuration)
            try await withScratch { scratch in
                try await Self.makeSource(in: scratch)
                let mirror = try MirrorFileSystem(source: scratch.source, options: .init(passesDirectIO: directSource))
                try await withMount(
                    mirror, scratch: scratch, options: MountOptions(allowOther: true), configuration: configuration
                ) { session in
                    try await session.check(
                        """
                        chmod 777 .
                        head -c 64K /dev/urandom > data
                        read -r free available <<<"$(stat -f -c '%f %a' .)"
                        reserved=$((free - available))
                        # All but some.
                        fallocate -l $(((available - 400) * 4096)) taken
                        ((reserved > 1000)) || fail "only $reserved blocks are reserved"
                        cat >$OUT/fill <<'EOF'
                        \(filling.rawValue)
                        EOF
                        chmod 755 $OUT $OUT/..
                        refuses 'No space left on device' \\
                            setpriv --reuid=65534 --regid=65534 --clear-groups timeout 40 bash -e $OUT/fill
                        sync -f ../source
                        read -r free available <<<"$(stat -f -c '%f %a' ../source)"
                        # But for blocks of ext4's own that it needs to write back, which it takes as root.
                        ((free + 16 >= reserved)) || fail "$free blocks are left of $reserved that were reserved"
                        # A large page is taken as a whole or not at all.
                        ((available < 256)) || fail "$available blocks are left for everybody"
                        # Root may.
                        dd if=/dev/zero of=root bs=1M count=2 conv=fsync status=none
                        fallocate -l 1M more
                        ((free - $(stat -f -c %f ../source) >= 768)) || fail "$(stat -f -c %f ../source) are left"
                        """)
                }
            }
        }

        /// An ext4 a fifth of which is root's.
        private static func makeSource(in scratch: Scratch) async throws {
            try await Program.check(
                script: """
                    mkdir '\(scratch.path)/memory'
                    mount -t tmpfs -o size=64m memory '\(scratch.path)/memory'
                    truncate -s 40M '\(scratch.path)/memory/image'
                    mkfs.ext4 -q -F -b 4096 -I 256 -N 12000 -m 20 -O ^ea_inode '\(scratch.path)/memory/image'
                    mount -o loop '\(scratch.path)/memory/image' '\(scratch.source)'
                    """, scratch: scratch)
        }

        @Test(arguments: Way.allCases, Filling.allCases)
        func isKept(_ way: Way, _ filling: Filling) async throws {
            try await check(way, filling, .through)
        }

        /// Past the page cache of the source: not on the worker but on threads.
        @Test(arguments: Way.allCases)
        func isKeptFromDirectWrites(_ way: Way) async throws {
            try await check(way, .direct, .through, directSource: true)
        }

        /// The kernel does not tell who has written what it writes back, only through which open file.
        @Test(arguments: Way.allCases)
        func isKeptFromWhatIsWrittenBack(_ way: Way) async throws {
            try await check(way, .limitedWrite, .back)
        }

        /// The kernel writes by itself, with the credentials with which the file was registered.
        @Test(
            .enabled(if: RequireRing.release >= (6, 9), "this kernel has no passthrough"),
            arguments: Way.allCases)
        func isKeptFromPassthrough(_ way: Way) async throws {
            try await check(way, .write, .through) { $0.usesPassthrough = true }
        }

        /// What the source has allocated before it met its end stays, and the file is longer. The kernel, which was told
        /// to believe what it knows for ever, takes what failed to have changed nothing.
        @Test(arguments: Way.allCases)
        func showsWhatARefusedAllocationLeaves(_ way: Way) async throws {
            try await withScratch { scratch in
                try await Self.makeSource(in: scratch)
                let mirror = try MirrorFileSystem(
                    source: scratch.source,
                    options: .init(attributesLifetime: .forever, nameLifetime: .forever)
                )
                try await withMount(mirror, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check(
                        """
                        touch f
                        same "$(stat -c '%s %b' f)" '0 0'
                        refuses 'No space left on device' fallocate -l 60M f
                        left="$(stat -c '%s %b' ../source/f)"
                        [[ "$left" != '0 0' ]] || fail 'the source has left nothing of it'
                        # A notification is under way; it may take as long as a busy machine likes.
                        for try in {1..300}; do [[ "$(stat -c '%s %b' f)" == "$left" ]] && break; sleep 0.1; done
                        same "$(stat -c '%s %b' f)" "$left"
                        """)
                }
            }
        }
    }
}
