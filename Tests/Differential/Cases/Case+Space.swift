extension Case {
    /// Room for content, and what the file system tells of itself.
    static let space = [
        Case(
            // From seed 721532644875.
            "more room than a file may have, for somebody who may not keep set-ID bits",
            """
            open 0 f O_RDWR|O_CREAT 04755
            limit 5000
            fallocate 0 0 12288 10          # EFBIG
            stat f
            bob fallocate 0 FALLOC_FL_KEEP_SIZE 12288 10
            limit -1
            chmod f 06755
            limit 5000
            bob fallocate 0 FALLOC_FL_ZERO_RANGE 12288 10
            """),
        Case(
            // From seed 55554626682.
            "room beyond the end",
            """
            open 0 f O_RDWR|O_CREAT 0644
            fallocate 0 FALLOC_FL_KEEP_SIZE 12288 10
            ftruncate 0 0                   # gives it back
            write 0 5000@1
            fallocate 0 FALLOC_FL_KEEP_SIZE 5000 30000
            truncate f 5000
            fallocate 0 FALLOC_FL_KEEP_SIZE 5000 30000
            truncate f 6000                 # keeps it
            truncate f 5999
            pread 0 6000 0
            truncate f 0
            fallocate 0 FALLOC_FL_KEEP_SIZE 0 30000
            open 1 f O_WRONLY|O_TRUNC 0
            """),
        Case(
            "fallocate",
            """
            open 0 f O_RDWR|O_CREAT 0644
            fallocate 0 0 0 10000
            fstat 0
            pread 0 10000 0
            write 0 20000@1
            fallocate 0 FALLOC_FL_KEEP_SIZE 30000 10000
            fstat 0
            fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE 100 10000
            pread 0 20000 0
            fallocate 0 FALLOC_FL_ZERO_RANGE 15000 10000
            fstat 0
            pread 0 25000 0
            fallocate 0 FALLOC_FL_ZERO_RANGE|FALLOC_FL_KEEP_SIZE 24000 10000
            fstat 0
            fallocate 0 FALLOC_FL_PUNCH_HOLE 0 10
            fallocate 0 0 0 0
            fallocate 0 0 -1 10
            fallocate 0 0 0 -1
            fallocate 0 0x1000 0 10
            fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE|FALLOC_FL_ZERO_RANGE 0 10
            fallocate 0 0 0x7fffffffffffffff 10
            fallocate 7 0 0 10
            open 1 f O_RDONLY 0
            fallocate 1 0 0 10
            open 2 f O_WRONLY|O_APPEND 0
            fallocate 2 0 0 30000
            mkdir d 0755
            open 3 d O_RDONLY 0
            fallocate 3 0 0 10
            mknod p S_IFIFO|0666 0
            open 4 p O_RDWR|O_NONBLOCK 0
            fallocate 4 0 0 10
            lseek 0 0 SEEK_HOLE
            """),
        Case(
            "fallocate takes out",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 20000@1
            fallocate 0 FALLOC_FL_COLLAPSE_RANGE 0 4096
            """),
        Case(
            "fallocate puts in",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 20000@1
            fallocate 0 FALLOC_FL_INSERT_RANGE 0 4096
            """),
        Case(
            "statfs and ioctl",
            """
            open 0 f O_RDWR|O_CREAT 0644
            statfs f
            statfs .
            statfs none
            statfs f/x
            statfs @n256
            fstatfs 0
            fstatfs 7
            ioctl 0 0x5401
            ioctl 7 FIONREAD
            write 0 100@1
            ioctl 0 FIONREAD
            lseek 0 30 SEEK_SET
            ioctl 0 FIONREAD
            fcntl 0 F_GETPIPE_SZ 0
            fcntl 0 F_GET_SEALS 0
            fcntl 0 9999 0
            fcntl 7 F_GETFL 0
            """),
        Case(
            "file flags",
            """
            open 0 f O_RDWR|O_CREAT 0644
            getflags 0
            setflags 0 FS_NODUMP_FL
            getflags 0
            setflags 0 0
            mkdir d 0755
            open 1 d O_RDONLY 0
            getflags 1
            alice setflags 0 FS_NODUMP_FL
            getflags 7
            mknod p S_IFIFO|0666 0
            open 2 p O_RDWR|O_NONBLOCK 0
            getflags 2
            """),
    ]
}
