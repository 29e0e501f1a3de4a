extension Case {
    /// Direct access that is not in whole blocks.
    static let direct = [
        ("length of a direct read", "pread 1 100 0"),
        ("offset of a direct read", "pread 1 4096 100"),
        ("memory of a direct read", "preadodd 1 4096 0"),
        ("vectors of a direct read", "preadv2 1 4096 0 0"),
        ("length of a direct write", "pwrite 1 100@2 0"),
        ("offset of a direct write", "pwrite 1 4096@2 100"),
        ("memory of a direct write", "pwriteodd 1 4096@2 0"),
        ("vectors of a direct write", "pwritev2 1 4096@2 0 0"),
        ("length of a direct write that appends", "pwritev2 1 100@2 0 RWF_APPEND"),
    ].map { name, line in
        Case(
            name,
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 10000@1
            fsync 0
            open 1 f O_RDWR|O_DIRECT 0
            pread 1 4096 4096
            pread 1 512 512
            pread 1 8192 8192
            pread 1 4096 12288
            pread 1 0 0
            pwrite 1 512@3 1024
            pread 0 10000 0
            pread 1 100 -5
            pwrite 1 100@1 -5
            readbad 1 4096
            \(line)
            """)
    }

    /// What there may be at the most.
    static let limits =
        fullFileSystems + quotas + [
            Case(
                "the most names of a file", on: .thousands,
                """
                open 0 f O_RDWR|O_CREAT 0644
                mkdir @absolute/d 0755  # not looked into
                linkmany f @absolute/d/l 70000  # EMLINK
                link f g                # EMLINK
                lstat f
                linkat . f . h 0
                linkat 0 @empty . h AT_EMPTY_PATH
                rename f g              # makes no name
                unlink @absolute/d/l0
                link g f
                link g h
                unlink f
                symlink x s
                linkat . s . t 0
                """),
            Case(
                "the most directories in a directory", on: .thousands,
                """
                mkdir @absolute/d 0755  # not looked at: ext4 tells 1 for more than 65,000 links
                mkdirmany @absolute/d/d 66000
                mkdir e 0755
                rename e @absolute/d/e
                mkdir @absolute/d/e 0755
                rmdir @absolute/d/d0
                rmdir @absolute/d
                """),
        ]

    /// File systems without room.
    private static let fullFileSystems = [
        Case(
            "no room for content", on: .little,
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 8192@1
            fsync 0
            open 1 g O_RDWR|O_CREAT 0644
            fill                            # ENOSPC
            write 0 4096@2
            write 0 0@0
            pwrite 0 4096@3 0               # has room
            pwrite 0 10@3 8192
            pwrite 0 10@3 1M
            pwrite 0 8192@4 4096            # a part
            writev 0 5000@1
            pwritev2 0 100@1 0 RWF_APPEND
            pwritev2 0 100@1 20000 RWF_DSYNC
            fallocate 0 0 8192 100000
            fallocate 0 FALLOC_FL_KEEP_SIZE 8192 100000
            fallocate 0 0 0 8192
            truncate f 100000               # a hole
            pwrite 0 1@1 50000
            fallocate 0 FALLOC_FL_ZERO_RANGE 50000 4096
            copy_file_range 0 1 0 0 4096 0
            sendfile 1 0 0 4096
            splicein 1 100@1 0
            ftruncate 0 8192
            pread 0 8192 0
            unfill
            write 0 100@1
            write 1 100@1
            """),
        Case(
            "no room that direct writes find", on: .little,
            """
            open 0 f O_RDWR|O_CREAT|O_DIRECT 0644
            write 0 8192@1
            fill
            write 0 4096@2
            pwrite 0 4096@3 0
            pwrite 0 4096@3 1M
            pwrite 0 8192@4 4096
            unfill
            pwrite 0 8192@5 4096
            """),
        Case(
            "no room that was made", on: .little,
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 65536@1
            fsync 0
            fill
            pwrite 0 4096@2 65536
            fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE 0 65536
            fsync 0
            pwrite 0 4096@2 65536
            """),
        Case(
            // What needs some, for long links or values, ext4 takes from a reserve of its own, and now and then.
            "what needs no room", on: .little,
            """
            open 0 f O_RDWR|O_CREAT 0644
            setxattr f user.small 200@1 0
            fill
            setxattr f user.small 200@2 XATTR_REPLACE
            getxattr f user.small 300
            chmod f 0600
            chown f 1001 1001
            utimensat . f 5 6 0
            rename f g
            unlink g
            unfill
            """),
    ]

    /// Users who have had all that they may.
    private static let quotas = [
        Case(
            "more than a quota allows", on: .quota,
            """
            chmod . 0777
            alice open 0 f O_RDWR|O_CREAT 0644
            alice write 0 512K@1
            alice write 0 400K@2
            fsync 0
            # EDQUOT after a part. Without the flag the file is longer by that; the kernel hears of it a moment later.
            alice fallocate 0 FALLOC_FL_KEEP_SIZE 1M 512K
            alice pwrite 0 512K@3 1M        # a part, or EDQUOT
            fsync 0
            alice pwrite 0 64K@4 4M         # EDQUOT
            alice pwrite 0 4096@5 0         # has room
            alice truncate f 8M             # a hole
            bob open 1 g O_RDWR|O_CREAT 0644
            bob write 1 2M@1                # has no limit
            chown g 1001 -1                 # EDQUOT
            alice open 2 own O_RDWR|O_CREAT 0644
            alice splicein 2 10000@1 0
            unlink f
            close 0
            alice write 2 100@1
            """),
        Case(
            "more files than a quota allows", on: .quota,
            """
            chmod . 0777
            alice mkdirmany d 20            # EDQUOT
            alice open 0 f O_RDWR|O_CREAT 0644
            alice symlink x l
            alice mknod p S_IFIFO|0644 0
            alice open 0 . O_TMPFILE|O_RDWR 0644
            alice mkdir e 0755
            bob open 0 g O_RDWR|O_CREAT 0644
            alice link g h
            rmdir d0
            alice open 0 f O_RDWR|O_CREAT 0644
            """),
    ]
}
