import FileSystems
import RingFUSE
import SystemPackage
import Testing

/// Whether this kernel may pass files through (Linux 6.9).
private let kernelPassesThrough = RequireRing.release >= (6, 9)

extension MountTests {
    /// Files that the kernel reads and writes in place of the mount's.
    @Suite(.enabled(if: kernelPassesThrough, "this kernel has no passthrough"))
    struct Passthrough {
        /// Mounts a mirror that passes through, and sees whether it did.
        private func mounted(
            _ way: Way,
            depth: Int = 1,
            source: String = "",
            options: MirrorFileSystem.Options = MirrorFileSystem.Options(),
            prepare: (Scratch) async throws -> Void = { _ in },
            _ body: (MountedSession, WitnessFileSystem<MirrorFileSystem>) async throws -> Void
        ) async throws {
            var configuration = try way.configuration()
            configuration.usesPassthrough = true
            configuration.passthroughDepth = depth
            try await withScratch { scratch in
                try await prepare(scratch)
                let path = source.isEmpty ? scratch.source : scratch.outside.appending(source)
                let witness = WitnessFileSystem(try MirrorFileSystem(source: path, options: options))
                try await withMount(
                    witness, scratch: scratch, options: MountOptions(allowOther: true), configuration: configuration
                ) { session in
                    #expect(session.status.notices == [])
                    #expect(session.status.connection.backingFiles != nil)
                    try await body(session, witness)
                }
            }
        }

        /// Before each write that it passes through the kernel looks for capabilities, which it would take away: of mounts
        /// that have no extended attributes it does not ask.
        @Test(arguments: Way.allCases)
        func withoutExtendedAttributesWritesAskNothing(_ way: Way) async throws {
            let options = MirrorFileSystem.Options(extendedAttributes: false)
            try await mounted(way, options: options) { session, _ in
                try await session.check(
                    """
                    head -c 1M /dev/zero > file
                    refuses 'not supported' setfattr -n user.a -v b file
                    """)
                let before = try #require(session.statistics)
                try await session.check("dd if=/dev/zero of=file bs=4K count=200 conv=notrunc oflag=direct status=none")
                let after = try #require(session.statistics)
                #expect(after.requests["GETXATTR"] == before.requests["GETXATTR"])
                let (first, last) = (before.requests.values.reduce(0, +), after.requests.values.reduce(0, +))
                #expect(last - first < 50, "\(last - first) requests for 200 writes")
                try await session.check("cmp ../source/file <(head -c 1M /dev/zero)")
            }
        }

        @Test(arguments: Way.allCases)
        func neitherReadsNorWrites(_ way: Way) async throws {
            try await mounted(way) { session, witness in
                try await session.check(
                    """
                    source=../source
                    head -c 3000123 /dev/urandom > $OUT/data
                    cp $OUT/data file
                    cmp file $OUT/data
                    cmp $source/file $OUT/data
                    same "$(stat -c %s file)" 3000123
                    echo more >> file
                    echo more >> $OUT/data
                    cmp file $OUT/data
                    printf XYZ | dd of=file bs=1 seek=12345 conv=notrunc status=none
                    printf XYZ | dd of=$OUT/data bs=1 seek=12345 conv=notrunc status=none
                    cmp file $OUT/data
                    echo short > file
                    same "$(cat $source/file)" short
                    same "$(stat -c %s file)" 6
                    # Others write to the source: there is no cache of the mount's that could be old.
                    echo longer text > $source/file
                    same "$(cat file)" 'longer text'
                    """)
                #expect(witness.record.count("open") > 0)
                #expect(witness.record.count("read") == 0)
                #expect(witness.record.count("write") == 0)
            }
        }

        /// Opens of one file that overlap go to one and the same file of the source.
        @Test(arguments: Way.allCases)
        func severalAtATime(_ way: Way) async throws {
            try await mounted(way) { session, witness in
                try await session.check(
                    """
                    echo one > file
                    exec 3< file 4>> file 5<> file
                    ln file link
                    echo two >&4
                    same "$(cat <&3)" $'one\ntwo'
                    same "$(cat link)" $'one\ntwo'
                    rm file
                    printf ONE >&5
                    same "$(cat link)" $'ONE\ntwo'
                    exec 3<&- 4>&- 5>&-
                    # All closed: it is registered anew.
                    echo three >> link
                    same "$(tail -n 1 link)" three
                    (for i in {1..50}; do cat link > /dev/null; done) &
                    (for i in {1..50}; do echo x >> link; done) &
                    wait
                    same "$(wc -l < link)" 53
                    """)
                #expect(witness.record.count("read") == 0)
                #expect(witness.record.count("write") == 0)
            }
        }

        @Test(arguments: Way.allCases)
        func maps(_ way: Way) async throws {
            try await mounted(way) { session, witness in
                try await session.check(
                    """
                    python3 - <<'END'
                    import mmap, os
                    fd = os.open('file', os.O_RDWR | os.O_CREAT)
                    os.write(fd, b'a' * 20000)
                    map = mmap.mmap(fd, 20000)
                    map[4090:4100] = b'0123456789'
                    map.flush()
                    assert os.pread(fd, 10, 4090) == b'0123456789'
                    assert open('../source/file', 'rb').read()[4090:4100] == b'0123456789'
                    os.pwrite(fd, b'written', 10000)
                    assert map[10000:10007] == b'written'
                    END
                    """)
                #expect(witness.record.count("read") == 0)
                #expect(witness.record.count("write") == 0)
            }
        }

        /// What passes through tells the server nothing, so the kernel has to see to set-ID bits.
        @Test(arguments: Way.allCases)
        func clearsSetIDBits(_ way: Way) async throws {
            try await mounted(way) { session, _ in
                try await session.check(
                    """
                    chmod 755 ..
                    as() { setpriv --reuid=1234 --regid=1234 --clear-groups sh -c "$1"; }
                    touch file
                    for change in 'echo text >> file' 'echo text > file' 'truncate -s 1 file'; do
                        chmod 6777 file
                        as "$change"
                        same "$(stat -c %a file)" 777
                        same "$(stat -c %a ../source/file)" 777
                    done
                    """)
            }
        }

        /// What lies on a stacked file system needs more depth; with less, it is served as ever.
        @Test(arguments: Way.allCases, [1, 2])
        func stackedSource(_ way: Way, _ depth: Int) async throws {
            try await mounted(
                way, depth: depth, source: "merged",
                prepare: { scratch in
                    try await Program.check(
                        script: """
                            cd $OUT
                            mkdir upper work merged lower
                            mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
                            """, scratch: scratch)
                }
            ) { session, witness in
                try await session.check(
                    """
                    head -c 100000 /dev/urandom > $OUT/data
                    cp $OUT/data file
                    exec 3< file
                    cmp file $OUT/data
                    cmp $OUT/upper/file $OUT/data
                    exec 3<&-
                    """)
                let passes = depth == 2
                #expect((witness.record.count("read") == 0) == passes)
                #expect((witness.record.count("write") == 0) == passes)
            }
        }

        /// The writeback cache excludes it, and so does a file system that has no files of the kernel's.
        @Test(arguments: Way.allCases)
        func isRefusedAloud(_ way: Way) async throws {
            var configuration = try way.configuration()
            configuration.usesPassthrough = true
            try await withMount(MemoryFileSystem(byteLimit: 1 << 20), configuration: configuration) { session in
                #expect(session.status.connection.backingFiles == nil)
                #expect(
                    session.status.notices == ["no passthrough: this file system has no files to pass through to"])
                try await session.check("echo text > file; same $(cat file) text")
            }
            configuration.usesWritebackCache = true
            try await withScratch { scratch in
                let mirror = try MirrorFileSystem(source: scratch.source)
                try await withMount(mirror, scratch: scratch, configuration: configuration) { session in
                    #expect(session.status.connection.backingFiles == nil)
                    #expect(session.status.connection.usesWritebackCache)
                    #expect(session.status.notices == ["no passthrough: the writeback cache excludes it"])
                    try await session.check("echo text > file; same $(cat file) text")
                }
            }
        }

        /// An ordinary user may not register files: served as ever, and told why.
        @Test(arguments: Way.allCases)
        func withoutPrivilege(_ way: Way) async throws {
            if way == .ring { try RequireRing.now() }
            try await withScratch { scratch in
                try await Program.check(
                    script: """
                        install -m 755 \(ServerProcess.tool) ringfuse
                        mknod fuse c 10 229
                        chmod 666 fuse
                        chmod 755 ..
                        mkdir home home/mount home/source
                        chown -R 65534:65534 home
                        cat > script <<'END'
                        set -euo pipefail
                        cd $OUT/home
                        $OUT/ringfuse mount mirror source mount --passthrough --transport \(way) > log 2>&1 &
                        server=$!
                        for try in {1..400}; do grep -q '^unmount:' log && break; sleep 0.05; done
                        grep -q '^note:      no passthrough: it needs CAP_SYS_ADMIN$' log
                        echo text > mount/file
                        [[ $(cat mount/file) == text ]]
                        kill -INT $server
                        wait $server
                        END
                        unshare --mount --propagation private bash -euc '
                        mount --bind $OUT/fuse /dev/fuse
                        exec setpriv --reuid=65534 --regid=65534 --clear-groups bash $OUT/script'
                        """, scratch: scratch, in: scratch.outside)
            }
        }
    }
}
