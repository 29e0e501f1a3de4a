extension Case {
    /// Calls on what files hold.
    static let content = [
        Case(
            "read and write",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 0@0
            write 0 5000@1
            read 0 10
            pread 0 10 4995
            pread 0 10 5000
            pread 0 10 -1
            pwrite 0 10@1 -1
            pwrite 0 10@2 10000
            pread 0 5010 5000
            lseek 0 0 SEEK_SET
            readv 0 100
            writev 0 100@3
            preadv2 0 100 0 0
            preadv2 0 100 -1 0
            preadv2 0 100 0 0x40000
            pwritev2 0 100@4 0 RWF_APPEND
            pwritev2 0 100@4 100 RWF_SYNC
            pwritev2 0 10@4 -1 0
            lseek 0 0 SEEK_CUR
            readbad 0 100
            writebad 0 100
            read 0 0
            read 7 10
            write 7 10@1
            open 1 f O_RDONLY 0
            write 1 10@1
            ftruncate 1 0
            open 2 f O_WRONLY 0
            read 2 1
            pread 2 1 0
            poll 0
            write 0 1M@5
            pread 0 1M 1000
            pwrite 0 100@6 4G+5
            fstat 0
            pread 0 200 4G
            truncate f 5000
            pread 0 5000 0
            """),
        Case(
            "lseek",
            """
            open 0 f O_RDWR|O_CREAT 0644
            lseek 0 100 SEEK_SET
            lseek 0 -200 SEEK_CUR
            lseek 0 -1 SEEK_SET
            lseek 0 0 SEEK_END
            lseek 0 0 7
            lseek 0 0 SEEK_DATA
            lseek 0 0 SEEK_HOLE
            pwrite 0 4096@1 65536
            lseek 0 0 SEEK_DATA
            lseek 0 0 SEEK_HOLE
            lseek 0 65536 SEEK_DATA
            lseek 0 65536 SEEK_HOLE
            lseek 0 69631 SEEK_HOLE
            lseek 0 69632 SEEK_DATA
            lseek 0 69632 SEEK_HOLE
            lseek 0 -5 SEEK_DATA
            lseek 0 0 SEEK_CUR
            ftruncate 0 1M
            lseek 0 70000 SEEK_DATA
            lseek 0 70000 SEEK_HOLE
            lseek 7 0 SEEK_SET
            lseek 0 0x7fffffffffffffff SEEK_CUR
            """),
        Case(
            "truncate",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 10000@1
            truncate f 5000
            truncate f 20000
            pread 0 20000 0
            truncate f -1
            truncate f 4G+1
            truncate f 0
            ftruncate 0 100
            ftruncate 0 100
            ftruncate 0 -1
            mkdir d 0777
            truncate d 0
            truncate none 0
            truncate f/x 0
            truncate @n256 0
            truncate @ro/f 0
            alice truncate f 0
            mknod p S_IFIFO|0666 0
            truncate p 0
            symlink f l
            truncate l 50
            truncate @empty 0
            symlink o o
            truncate o 0
            """),
        Case(
            "largest files",
            """
            open 0 f O_RDWR|O_CREAT 0644
            limit 10000
            write 0 9000@1
            write 0 2000@2
            write 0 10@3
            pwrite 0 10@3 10000
            pwrite 0 10@3 9995
            ftruncate 0 10001
            truncate f 20000
            ftruncate 0 10000
            fallocate 0 0 0 20000
            limit -1
            write 0 10@3
            pwrite 0 10@1 0x7fffffffffffffff
            """),
        Case(
            "copies inside the kernel",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 20000@1
            open 1 g O_RDWR|O_CREAT 0644
            copy_file_range 0 1 0 0 20000 0
            copy_file_range 0 1 100 50000 5000 0
            copy_file_range 0 1 -1 -1 100 0
            copy_file_range 0 1 19990 0 100 0
            copy_file_range 0 1 20000 0 100 0
            copy_file_range 0 1 0 0 100 1
            copy_file_range 0 0 0 100 1000 0
            copy_file_range 0 0 0 30000 1000 0
            copy_file_range 7 1 0 0 100 0
            open 2 f O_RDONLY 0
            copy_file_range 1 2 0 0 100 0
            open 3 f O_WRONLY 0
            copy_file_range 3 1 0 0 100 0
            open 3 g O_WRONLY|O_APPEND 0
            copy_file_range 0 3 0 0 100 0
            mkdir d 0755
            open 4 d O_RDONLY 0
            copy_file_range 4 1 0 0 100 0
            copy_file_range 0 4 0 0 100 0
            mknod p S_IFIFO|0666 0
            open 5 p O_RDWR|O_NONBLOCK 0
            copy_file_range 0 5 0 0 100 0
            sendfile 1 0 0 5000
            sendfile 1 0 -1 5000
            sendfile 2 0 0 10
            sendfile 1 4 0 10
            spliceout 0 100 5000
            spliceout 0 -1 10
            splicein 1 5000@3 100
            splicein 2 10@1 0
            splicein 1 100@1 -1
            """),
        Case(
            "synchronising",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 10000@1
            fsync 0
            fdatasync 0
            syncfs 0
            sync_file_range 0 0 100 SYNC_FILE_RANGE_WRITE
            sync_file_range 0 -1 100 SYNC_FILE_RANGE_WRITE
            sync_file_range 0 0 100 64
            fsync 7
            fdatasync 7
            syncfs 7
            open 1 f O_RDONLY 0
            fsync 1
            open 2 f O_PATH 0
            fsync 2
            mknod p S_IFIFO|0666 0
            open 3 p O_RDWR|O_NONBLOCK 0
            fsync 3
            fadvise 0 0 0 POSIX_FADV_DONTNEED
            fadvise 0 0 0 99
            readahead 0 0 10000
            readahead 3 0 100
            pread 0 10000 0
            open 4 f O_RDWR|O_SYNC 0
            write 4 10@1
            open 4 f O_RDWR|O_DSYNC 0
            write 4 10@2
            """),
        Case(
            "direct input and output",
            """
            open 0 f O_RDWR|O_CREAT|O_DIRECT 0644
            write 0 8192@1
            pread 0 8192 0
            pread 0 8192 4096
            pwrite 0 4096@2 16384
            pread 0 20480 0
            open 1 f O_RDWR 0
            pwrite 1 100@3 10
            pread 0 4096 0
            pwrite 0 4096@4 0
            pread 1 4096 0
            fcntl 1 F_SETFL O_DIRECT
            fcntl 1 F_SETFL 0
            """),
    ]
}
