extension Case {
    /// Modes, owners, and what is told of them.
    static let attributes = [
        Case(
            "chmod",
            """
            open 0 f O_RDWR|O_CREAT 0644
            chmod f 0
            chmod f 07777
            chmod f 0100644
            alice chmod f 0600
            chown f 1001 1002
            alice chmod f 0600
            alice chmod f 02755
            alice chmod f 06755
            chown f 1001 2000
            alice chmod f 06755
            bob fchmod 0 0600
            alice fchmod 0 0640
            chmod none 0
            chmod f/x 0
            chmod @n256 0
            chmod @ro/f 0
            mkdir d 0755
            chmod d 07777
            symlink f l
            chmod l 0444
            fchmodat2 . l 0444 AT_SYMLINK_NOFOLLOW
            fchmodat2 . f 0444 AT_SYMLINK_NOFOLLOW
            fchmodat2 . f 0444 77777
            fchmodat2 0 @empty 0400 AT_EMPTY_PATH
            fchmod 7 0
            mknod p S_IFIFO|0666 0
            chmod p 04777
            chown d 1001 1002
            alice chmod d 02777
            """),
        Case(
            "chown",
            """
            open 0 f O_RDWR|O_CREAT 06755
            chown f 1001 -1
            chmod f 06755
            alice chown f 1001 2000
            chmod f 06755
            alice chown f -1 1002
            alice chown f 1002 -1
            alice chown f 1001 1001
            chmod f 02745
            chown f -1 2000
            bob chown f -1 -1
            chmod f 06777
            fchown 0 0 0
            chmod f 06777
            chown f -1 -1
            mkdir d 06777
            chown d 1001 1001
            chown d -1 -1
            alice chown d -1 2000
            symlink f l
            chown l 5 6
            lchown l 7 8
            lstat l
            fchownat . l 9 10 AT_SYMLINK_NOFOLLOW
            fchownat 0 @empty 11 12 AT_EMPTY_PATH
            fchownat . f 1 1 9999
            chown none 0 0
            chown f/x 0 0
            chown @n256 0 0
            chown @ro/f 0 0
            fchown 7 0 0
            chown f 0x7fffffff 0xfffffffe
            lstat f
            mknod p S_IFIFO|06777 0
            chown p 1 1
            """),
        Case(
            "set-user-ID bits and writing",
            """
            open 0 f O_RDWR|O_CREAT 0666
            chmod f 06777
            write 0 10@1
            lstat f
            chmod f 06777
            bob pwrite 0 10@2 0
            lstat f
            chmod f 06777
            bob truncate f 5
            lstat f
            chmod f 06777
            bob ftruncate 0 3
            lstat f
            chmod f 06777
            bob open 1 f O_WRONLY|O_TRUNC 0
            lstat f
            chmod f 06777
            bob fallocate 0 0 0 100
            lstat f
            chmod f 06777
            open 2 g O_RDWR|O_CREAT 0666
            write 2 100@1
            bob copy_file_range 2 0 0 0 50 0
            lstat f
            chmod f 06777
            bob write 0 0@0
            lstat f
            """),
        Case(
            "stat",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 100@1
            mkdir d 0700
            open 1 d/f O_RDWR|O_CREAT 0644
            stat f
            stat none
            stat f/x
            stat @n256
            stat @empty
            alice stat d/f
            alice stat d
            fstat 0
            fstat 7
            fstatat 0 @empty AT_EMPTY_PATH
            fstatat . f 0x40000000
            statx . f 0 STATX_BASIC_STATS
            statx . f AT_SYMLINK_NOFOLLOW STATX_SIZE
            statx . f 0x2000 STATX_BASIC_STATS
            statx . f 0x4000 STATX_BASIC_STATS
            statx . f 0x6000 STATX_BASIC_STATS
            statx . f 0 0x80000000
            statx 7 f 0 STATX_BASIC_STATS
            statx 0 f 0 STATX_BASIC_STATS
            symlink f l
            symlink l ll
            stat ll
            lstat ll
            """),
    ]

    /// Times.
    static let times = [
        Case(
            "attributes between writes",
            """
            open 0 f O_RDWR|O_CREAT 0666
            write 0 3000@1
            utimensat . f 1000000001 2000000002 0
            fchown 0 1001 1002
            fchmod 0 06755
            times f
            stat f
            fstat 0
            alice pwrite 0 10@2 100
            stat f
            utimensat . f 5 6 0
            link f g
            chmod g 0640
            stat f
            times g
            ftruncate 0 0
            write 0 100@3
            utimensat . f TIME_OMIT 7 0
            setxattr f user.a 5@1 0
            times f
            chmod f 0400
            open 1 f O_RDWR|O_TRUNC 0
            stat f
            write 0 10@4
            chmod f 0600
            chown f 1002 -1
            rename f h
            stat h
            write 0 10@5
            chmod h 0644
            unlink g
            unlink h
            fstat 0
            fchmod 0 0700
            fstat 0
            """),
        Case(
            "utimensat",
            """
            open 0 f O_RDWR|O_CREAT 0666
            utimensat . f 1000000001 2000000002 0
            times f
            utimensat . f 1234567890123456789 TIME_OMIT 0
            times f
            utimensat . f TIME_OMIT -1500000000 0
            times f
            utimensat . f TIME_NOW 5 0
            utimensat . f 5 TIME_NOW 0
            utimensat . f TIME_OMIT TIME_OMIT 0
            utimensat . f TIME_BAD 0 0
            utimensat . f 0 0 12345
            utimensat . none 0 0 0
            utimensat . none TIME_OMIT TIME_OMIT 0
            utimensat . f/x 0 0 0
            utimensat . @n256 0 0 0
            utimensat . @ro/f 0 0 0
            bob utimensat . f 0 0 0
            bob utimensat . f TIME_NOW TIME_NOW 0
            bob utimensat . f TIME_NOW TIME_OMIT 0
            bob utimesnull f
            chmod f 0644
            bob utimesnull f
            chown f 1002 1002
            bob utimensat . f 7000000007 8000000008 0
            times f
            utimesnull f
            utimesnull none
            futimens 0 3 4
            times f
            futimens 7 0 0
            symlink f l
            utimensat . l 11000000000 12000000000 AT_SYMLINK_NOFOLLOW
            times l
            times f
            utimensat . l 13000000000 14000000000 0
            times f
            mkdir d 0755
            utimensat . d 15000000000 16000000000 0
            times d
            """),
        Case(
            "times that calls change",
            """
            open 0 f O_RDWR|O_CREAT 0666
            write 0 100@1
            pwrite 0 10@1 5
            write 0 0@0
            truncate f 110
            truncate f 50
            ftruncate 0 60
            chmod f 0644
            chmod f 0644
            chown f 1001 1001
            link f g
            rename g h
            unlink h
            setxattr f user.a 5@1 0
            setxattr f user.a 5@1 0
            removexattr f user.a
            removexattr f user.a
            fallocate 0 0 0 10
            fallocate 0 0 0 5000
            fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE 0 100
            fallocate 0 FALLOC_FL_KEEP_SIZE 0 100
            fsync 0
            mkdir d 0755
            mkdir d/s 0755
            open 1 d/f O_RDWR|O_CREAT 0644
            open 2 d/f O_RDWR|O_CREAT 0644
            open 2 d/f O_RDWR|O_TRUNC 0
            rename d/f d/g
            renameat2 . d/g . d/s RENAME_EXCHANGE
            rename d/s d/g
            mkdir e 0755
            mkdir d/t 0755
            rename d/t e/t
            rmdir e/t
            unlink d/s
            unlink d/g
            symlink x d/l
            unlink d/l
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 10
            stat f
            """),
    ]
}
