import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Removed files that come back, as users remove them and administrators restore them.
    @Suite
    struct StoreTrash {
        /// What scripts use.
        private static let functions = """
            used() { df --output=used -B1 . | tail -n1 | tr -d ' '; }
            tool() { \(ServerProcess.tool) store trash "$@"; }
            sums() { (cd "$1" && find . -type f -exec md5sum {} + | sort -k2); }

            """

        /// A tree that was removed comes back as it was, whether the volume is named by its mount or opened for it; nothing of it can
        /// be seen meanwhile, and `df` counts it.
        @Test(arguments: Way.allCases)
        func bringsTreesBack(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch, ["--trash-age", "1d"])
                let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await server.check(
                    Self.functions + """
                        mkdir -p home/alice/deep home/bob; chmod 700 home/alice/deep
                        for i in {1..30}; do head -c $((i * 9973)) /dev/urandom > home/alice/deep/$i; done
                        head -c 5M /dev/urandom > home/alice/large; ln -s deep/1 home/alice/link; touch home/alice/empty
                        cp -r home/alice $OUT/copy; rm $OUT/copy/empty
                        before=$(used)
                        rm -r home/alice
                        same "$(ls home)" bob
                        [ ! -e home/alice ] && [ ! -e home/alice/large ]
                        same "$(used)" $before
                        same "$(tool list . | wc -l)" 34
                        same "$(tool list '\(database)' --path /home/alice/deep | grep -c /home/alice/deep/)" 31
                        tool list . --json | python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]'
                        same "$(tool restore . --path /home/alice | tail -n1)" 'restored 32'
                        diff -r home/alice $OUT/copy
                        same "$(stat -c %a home/alice/deep)" 700
                        same "$(tool list .)" ''
                        # By number, elsewhere; nothing is overwritten.
                        rm home/alice/large; echo new > home/alice/large
                        number=$(tool list home | cut -d' ' -f1)
                        refuses 'its name is taken' tool restore . $number
                        refuses 'is not in the trash' tool restore . 99999
                        refuses 'is on no mount' tool restore $OUT $number
                        tool restore . $number --to home/bob
                        cmp home/bob/large $OUT/copy/large
                        same "$(cat home/alice/large)" new
                        # The newest of a path.
                        for i in 1 2 3; do echo version $i > home/version; rm home/version; done
                        tool restore . --path home/version
                        same "$(cat home/version)" 'version 3'
                        rm home/version
                        same "$(tool restore . --path / --until 2020-01-01)" 'restored 0'
                        refuses 'name the directory instead' tool restore '\(database)' --path /
                        refuses 'neither how long ago' tool restore . --path / --since yesterday
                        refuses 'name either' tool restore .
                        same "$(getfattr -m - -d . home)" ''
                        """)
                #expect(try await StoreTool.succeed(["info", database]).contains("kept for 1d"))
                try await StoreTool.end(server)
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                // Of a volume that is not mounted.
                #expect(try await !StoreTool.succeed(["gc", database]).contains("of the trash"))
                let restored = try await StoreTool.succeed(["trash", "restore", database, "--path", "/home/version"])
                #expect(restored == "restored 1\n")
                let emptied = try await StoreTool.succeed(["trash", "empty", database])
                #expect(emptied == "removed 2 files and directories for good\n")
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent"))
                let again = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await again.check("same \"$(cat home/version)\" 'version 3'; cmp home/bob/large $OUT/copy/large")
                try await StoreTool.end(again)
            }
        }

        /// Who has a removed file open goes on with it, in the trash and when that is emptied; nobody gets at it in any other way.
        @Test(arguments: Way.allCases)
        func leavesOpenFilesAlone(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch, ["--trash-age", "1w"])
                let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await server.check(
                    Self.functions + """
                        head -c 1M /dev/urandom > f; cp f $OUT/f; cp f g
                        exec 3<> f 4<> g; rm f g
                        same "$(stat -L -c '%h %s' /proc/self/fd/3)" '0 1048576'
                        # What is written before the close is in the trash, too.
                        echo more >> /proc/self/fd/3; echo more >> $OUT/f
                        cmp /proc/self/fd/3 $OUT/f
                        exec 3>&-
                        tool restore . --path f
                        cmp f $OUT/f
                        same "$(stat -c %h f)" 1
                        before=$(used)
                        tool empty .
                        same "$(used)" $before
                        head -c 1M $OUT/f | cmp /proc/self/fd/4 -
                        exec 4>&-
                        ((before - $(used) >= 1048576))
                        """)
                // Handles of what is in the trash are stale.
                try await server.check(
                    """
                    python3 - <<-'END'
                    	import ctypes, errno, os
                    	libc = ctypes.CDLL(None, use_errno=True)
                    	class Handle(ctypes.Structure):
                    	    _fields_ = [("size", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
                    	handle = Handle(size=128); mount = ctypes.c_int(); root = os.open(".", os.O_RDONLY)
                    	assert libc.name_to_handle_at(-100, b"f", ctypes.byref(handle), ctypes.byref(mount), 0) == 0
                    	def opened(): return libc.open_by_handle_at(root, ctypes.byref(handle), os.O_RDONLY)
                    	file = opened(); assert file >= 0; os.close(file)
                    	os.unlink("f"); open("/proc/sys/vm/drop_caches", "w").write("2")
                    	assert opened() == -1 and ctypes.get_errno() == errno.ESTALE, ctypes.get_errno()
                    END
                    """)
                // The trash is turned off: what is in it goes.
                let off = try await StoreTool.succeed(["trash", "set", "0", server.path.description])
                #expect(off.contains("not kept any more") && off.contains("(1)"), "\(off)")
                try await server.check(
                    Self.functions + "echo x > x; rm x; tool list . > $OUT/list; ! grep -q /x $OUT/list")
                try await StoreTool.end(server)
                try await StoreTool.succeed(["gc", database])
                #expect(try await StoreTool.succeed(["trash", "list", database]) == "")
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent"))
            }
        }

        /// Of a volume that several mounts have: what one removes the other still has open, and whoever restores it, both see it.
        @Test(arguments: Way.allCases)
        func isOneForAllMounts(_ way: Way) async throws {
            let url = try await PostgreSQLServer.shared.value.volume()
            try await withScratch { first in
                try await withScratch { second in
                    try await StoreTool.succeed(
                        ["format", url, "--data", "file://\(first.outside)/objects", "--trash-age", "30d"])
                    let servers = (
                        try await ServerProcess.start(.shared, by: way, scratch: first, metadata: url),
                        try await ServerProcess.start(.shared, by: way, scratch: second, metadata: url)
                    )
                    try await Program.check(
                        script: Self.functions + """
                            A='\(first.mountPoint)'; B='\(second.mountPoint)'
                            mkdir -p $A/d/e; head -c 3M /dev/urandom > $A/d/e/f; cp $A/d/e/f f; echo small > $A/d/s
                            sums $A/d > before
                            exec 3< $B/d/e/f
                            rm -r $A/d
                            until [ ! -e $B/d ]; do sleep 0.01; done
                            cmp /proc/self/fd/3 f
                            same "$(tool list '\(url)' | wc -l)" 4
                            same "$(tool list $B --path d/e | wc -l)" 2
                            tool restore '\(url)' --path /d
                            until [ -e $A/d/e/f ] && [ -e $B/d/e/f ] && [ -e $B/d/s ]; do sleep 0.01; done
                            sums $B/d | cmp - before; sums $A/d | cmp - before
                            rm $B/d/s
                            tool restore $A --path /d/s
                            until [ -e $B/d/s ]; do sleep 0.01; done
                            same "$(cat $B/d/s)" small
                            rm $A/d/s
                            same "$(tool empty '\(url)' --older-than 1h)" 'removed 0 files and directories for good'
                            same "$(tool empty '\(url)')" 'removed 1 files and directories for good'
                            """, scratch: first, in: first.outside)
                    #expect(try await StoreTool.succeed(["fsck", url, "--scrub"]).contains("consistent"))
                    try await StoreTool.end(servers.0, servers.1)
                    #expect(try await StoreTool.succeed(["fsck", url]).contains("consistent"))
                }
            }
        }
    }
}
