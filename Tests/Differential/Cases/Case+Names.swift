extension Case {
    /// Calls that make and remove names.
    static let names = [
        Case(
            "mkdir and rmdir",
            """
            mkdir d 0755
            mkdir d 0755            # EEXIST
            mkdir f/x 0755          # ENOENT
            open 0 f O_RDWR|O_CREAT 0644
            mkdir f 0755
            mkdir f/x 0755          # ENOTDIR
            mkdir d/@n255 0755
            mkdir d/@n256 0755      # ENAMETOOLONG
            mkdir @dots4095 0755
            mkdir @dots4097 0755
            mkdir @empty 0755
            mkdir . 0755
            mkdir d/.. 0755
            mkdir d/ 0755
            mkdir new/ 02751
            alice mkdir d/x 0755    # EACCES
            mkdir @ro/x 0755        # EROFS
            mkdir @ro/d 0755
            umask 027
            mkdir masked 06777
            mkdirat 0 x 0755        # ENOTDIR
            mkdirat 7 x 0755        # EBADF
            open 1 d O_RDONLY|O_DIRECTORY 0
            mkdirat 1 x 01777
            rmdir d                 # ENOTEMPTY
            rmdir f                 # ENOTDIR
            rmdir none
            rmdir d/.               # EINVAL
            rmdir d/x/..            # ENOTEMPTY
            alice rmdir d/x         # EACCES
            rmdir @ro/d/x
            unlink d/x              # EISDIR
            unlinkat 1 x 0
            unlinkat 1 x AT_REMOVEDIR
            unlinkat 1 x 3          # EINVAL
            unlinkat . f AT_REMOVEDIR
            rmdir d/@n255
            rmdir d
            mkdirat 1 x 0755        # ENOENT: removed, still open
            list .
            """),
        Case(
            "mknod",
            """
            mknod r S_IFREG|0640 0
            mknod p S_IFIFO|0640 0
            mknod s S_IFSOCK|0640 0
            mknod c S_IFCHR|0640 0x103
            mknod b S_IFBLK|0640 0x12345678
            mknod d S_IFDIR|0755 0
            mknod l S_IFLNK|0777 0
            mknod x 0170000 0
            mknod z 0600 0
            mknod r S_IFREG|0640 0
            mknod none/x S_IFIFO|0640 0
            mknod r/x S_IFIFO|0640 0
            mknod @n256 S_IFIFO|0640 0
            mknod @ro/x S_IFIFO|0640 0
            chmod . 0777
            alice mknod ac S_IFCHR|0640 0x103
            alice mknod ab S_IFBLK|0640 0x103
            alice mknod ap S_IFIFO|0640 0
            alice mknod as S_IFSOCK|0640 0
            alice mknod ar S_IFREG|04755 0
            lstat c
            lstat b
            list .
            open 0 s O_RDONLY 0
            open 0 c O_RDWR 0
            write 0 10@1
            read 0 5
            open 1 p O_WRONLY|O_NONBLOCK 0
            open 1 p O_RDONLY|O_NONBLOCK 0
            open 2 p O_WRONLY|O_NONBLOCK 0
            write 2 10@1
            read 1 20
            lseek 1 0 SEEK_SET
            """),
        Case(
            "unlink",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 100@1
            link f g
            unlink f
            unlink f
            fstat 0
            unlink g
            fstat 0
            pread 0 100 0
            pwrite 0 50@2 100
            fchmod 0 0600
            fsetxattr 0 user.a 5@1 0
            fgetxattr 0 user.a 10
            linkat . @fd0 . h AT_SYMLINK_FOLLOW     # ENOENT: no link left
            ftruncate 0 10
            fstat 0
            mkdir d 0755
            unlink d
            unlink d/
            unlink none/x
            open 1 d/f O_RDWR|O_CREAT 0666
            alice unlink d/f
            unlink d/f/x
            unlink d/f/
            unlink @ro/d/f
            unlink @empty
            unlink @n256
            unlink .
            symlink d/f l
            unlink l
            stat d/f
            """),
        Case(
            "sticky directories",
            """
            mkdir d 01777
            alice open 0 d/a O_RDWR|O_CREAT 0666
            bob open 1 d/b O_RDWR|O_CREAT 0666
            bob unlink d/a
            bob rename d/a d/c
            bob rename d/b d/a
            bob link d/a d/hard
            bob renameat2 . d/b . d/a RENAME_EXCHANGE
            alice unlink d/a
            chown d 1001 1001
            alice unlink d/b
            bob mkdir d/x 0777
            bob mkdir d/x/y 0777
            alice rmdir d/x/y
            alice rename d/x d/z
            carol rename d/z d/w
            """),
        Case(
            "link",
            """
            open 0 f O_RDWR|O_CREAT 0644
            link f g
            lstat f
            link f g
            link none h
            link f none/h
            link f f/h
            mkdir d 0755
            link d e                # EPERM
            link f @other/f         # EXDEV
            link f @ro/f
            link @ro/f h            # EXDEV
            link f @n256
            alice link f d/h        # EACCES
            symlink f l
            link l l2
            lstat l2
            linkat . l . l3 AT_SYMLINK_FOLLOW
            lstat l3
            linkat . l . l4 12345
            linkat 0 @empty . l5 AT_EMPTY_PATH
            linkat 0 @empty . l6 0
            chmod . 0777
            alice linkat 0 @empty . l7 AT_EMPTY_PATH
            lstat f
            symlink dangling dl
            linkat . dl . x AT_SYMLINK_FOLLOW
            link @empty x
            link f d/
            """),
        Case(
            "symlink and readlink",
            """
            symlink target l
            symlink target l
            readlink l 100
            readlink l 3
            readlink l 0
            readlink . 10
            open 0 f O_RDWR|O_CREAT 0644
            readlink f 10
            readlink none 10
            readlink f/x 10
            symlink @empty e
            symlink @n4000 long
            readlink long 4096
            symlink @dots4097 toolong
            symlink x none/l
            symlink x f/l
            symlink x @n256
            symlink x @ro/l
            symlink a b
            symlink b a
            stat a                  # ELOOP
            open 1 a O_RDONLY 0
            open 1 a O_RDWR|O_CREAT 0644
            open 1 l O_RDONLY|O_NOFOLLOW 0
            open 1 l O_PATH|O_NOFOLLOW 0
            readlinkat 1 @empty 100
            fstat 1
            fchmod 1 0644
            mkdir d 0755
            alice symlink x d/l
            symlink d dl
            lstat dl/
            stat dl/
            rmdir dl
            rmdir dl/
            mkdir l/ 0755
            stat l
            chmod l 0600
            readlink target 10
            symlink loop/x loop
            stat loop
            chown l 1001 1001
            lchown l 1002 1002
            lstat l
            umask 077
            symlink x masked
            lstat masked
            """),
        Case(
            "path resolution",
            """
            mkdir d 0755
            mkdir d/s 0700
            open 0 d/s/f O_RDWR|O_CREAT 0666
            alice stat d/s/f
            alice stat d/s/none
            alice chdir d/s
            alice list d/s
            chdir d/s/f
            chdir none
            chmod d/s 0444
            alice list d/s
            alice stat d/s/f
            chmod d/s 0111
            alice list d/s
            alice stat d/s/f
            stat d/s/f/
            stat d/s/f/.
            stat d/s/f/..
            stat d//s///f
            stat d/./s/../s/f
            stat d/s/none/..
            stat @n255
            stat @n256
            stat @n256/x
            stat \\xff\\xfe
            mkdir \\xff\\xfe 0755
            stat \\xff\\xfe
            list .
            stat @empty
            openat2 1 . d/s O_RDONLY 0 RESOLVE_BENEATH
            openat2 1 . d/.. O_RDONLY 0 RESOLVE_BENEATH
            openat2 1 . @absolute/d O_RDONLY 0 RESOLVE_BENEATH
            symlink d l
            openat2 1 . l/s O_RDONLY 0 RESOLVE_NO_SYMLINKS
            openat2 1 . @ro/d O_RDONLY 0 RESOLVE_NO_XDEV
            openat2 1 . d O_RDONLY 0 0x10000
            openat2 1 . d O_RDONLY 0644 0
            openat2 1 . d 0x80000000000 0 0
            openat2 1 . l/s O_RDONLY 0 RESOLVE_IN_ROOT
            """),
        Case(
            "directories that are read",
            """
            mkdir d 0755
            open 0 d/a O_RDWR|O_CREAT 0644
            mkdir d/b 0755
            symlink x d/c
            mknod d/p S_IFIFO|0644 0
            list d
            seekdir d
            open 1 d O_RDONLY|O_DIRECTORY 0
            getdents 1
            getdents 1
            lseek 1 0 SEEK_SET
            unlink d/a
            getdents 1
            open 0 d/n1 O_RDWR|O_CREAT 0644
            open 0 d/n2 O_RDWR|O_CREAT 0644
            lseek 1 0 SEEK_SET
            getdents 1
            seekdir d
            read 1 10
            write 1 10@1
            pread 1 10 0
            ftruncate 1 0
            fallocate 1 0 0 10
            fsync 1
            fdatasync 1
            getdents 0
            getdents 7
            open 2 d O_PATH 0
            getdents 2
            unlink d/n1
            unlink d/n2
            unlink d/c
            unlink d/p
            rmdir d/b
            rmdir d
            lseek 1 0 SEEK_SET
            getdents 1
            fstat 1
            list none
            """),
    ]
}
