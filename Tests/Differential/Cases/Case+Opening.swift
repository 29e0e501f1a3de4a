extension Case {
    /// Calls that open files.
    static let opening = [
        Case(
            "open flags",
            """
            open 0 f O_RDONLY 0
            open 0 f O_RDWR|O_CREAT|O_EXCL 0644
            open 1 f O_RDWR|O_CREAT|O_EXCL 0644
            write 0 100@1
            open 1 f O_RDONLY|O_TRUNC 0
            fstat 1
            write 1 5@1
            write 0 100@2
            open 1 f O_WRONLY|O_APPEND 0
            write 1 10@3
            lseek 1 0 SEEK_SET
            write 1 10@4
            pwrite 1 10@5 0
            fstat 1
            read 1 10
            lseek 1 0 SEEK_CUR
            fcntl 1 F_GETFL 0
            fcntl 1 F_SETFL 0
            pwrite 1 10@5 0
            fcntl 0 F_SETFL O_APPEND
            pwrite 0 3@6 0
            mkdir d 0755
            open 2 d O_RDONLY 0
            open 2 d O_WRONLY 0
            open 2 d O_RDWR 0
            open 2 d O_RDONLY|O_CREAT 0644
            open 2 d O_RDONLY|O_TRUNC 0
            open 2 d O_RDONLY|O_DIRECTORY 0
            open 2 f O_RDONLY|O_DIRECTORY 0
            open 2 d/ O_RDWR|O_CREAT 0644
            open 2 new/ O_RDWR|O_CREAT 0644
            open 2 none/x O_RDWR|O_CREAT 0644
            open 2 f/x O_RDWR|O_CREAT 0644
            open 2 @n256 O_RDWR|O_CREAT 0644
            open 2 @ro/f O_RDONLY 0
            open 2 @ro/f O_RDWR 0
            open 2 @ro/new O_RDWR|O_CREAT 0644
            open 2 @ro/f O_RDONLY|O_TRUNC 0
            open 2 f 3 0
            symlink f l
            symlink nowhere dl
            open 2 l O_RDWR|O_CREAT|O_EXCL 0644
            open 2 dl O_RDWR|O_CREAT|O_EXCL 0644
            open 2 dl O_RDWR|O_CREAT 0644
            lstat nowhere
            open 2 f O_PATH 0
            read 2 1
            fchmod 2 0644
            fstat 2
            openat 3 2 x O_RDONLY 0
            open 3 @fd2 O_RDWR 0
            write 3 1@1
            ftruncate 2 0
            fgetxattr 2 user.a 10
            creat 4 f 0777
            fstat 4
            read 4 1
            close 4
            close 4
            dup 4 0
            lseek 4 7 SEEK_SET
            lseek 0 0 SEEK_CUR
            """),
        Case(
            "permissions of opening",
            """
            chmod . 0777
            open 0 f O_RDWR|O_CREAT 0640
            chown f 1001 2000
            alice open 1 f O_RDWR 0
            bob open 1 f O_RDONLY 0
            chmod f 0604
            alice open 1 f O_RDONLY 0
            carol open 1 f O_RDONLY 0
            carol open 1 f O_WRONLY 0
            chown f 0 1001
            chmod f 0040
            carol open 1 f O_RDONLY 0
            alice open 1 f O_RDONLY 0
            bob open 1 f O_RDONLY 0
            chmod f 0000
            open 1 f O_RDWR 0
            bob open 1 f O_RDONLY|O_NOATIME 0
            chmod f 0666
            bob open 1 f O_RDONLY|O_NOATIME 0
            bob open 1 f O_WRONLY|O_TRUNC 0
            bob open 2 own O_RDWR|O_CREAT 0000
            write 2 5@1
            bob write 2 5@2
            bob open 3 own O_RDONLY 0
            mkdir d 0555
            bob open 3 d/x O_RDWR|O_CREAT 0644
            mkdir e 0333
            bob open 3 e/x O_RDWR|O_CREAT 0644
            bob list e
            umask 0777
            alice open 4 masked O_RDWR|O_CREAT 0777
            access f R_OK
            access f X_OK
            chmod f 0755
            access f X_OK
            bob access f X_OK
            bob access f W_OK
            alice access f W_OK
            access none F_OK
            access f/x F_OK
            access f 8
            access @ro/f W_OK
            access @ro/f R_OK
            faccessat2 . f W_OK 0
            bob faccessat2 . f W_OK AT_EACCESS
            faccessat2 . f W_OK 7
            symlink gone l
            faccessat2 . l F_OK AT_SYMLINK_NOFOLLOW
            faccessat2 2 @empty R_OK AT_EMPTY_PATH
            bob access d W_OK
            bob access d X_OK
            """),
        Case(
            "set-group-ID directories",
            """
            mkdir d 02777
            chown d 0 2000
            chmod d 02777
            alice open 0 d/f O_RDWR|O_CREAT 0644
            bob mkdir d/s 0755
            bob mknod d/p S_IFIFO|0644 0
            bob symlink x d/l
            bob open 1 d/g O_RDWR|O_CREAT 02755
            alice open 2 d/h O_RDWR|O_CREAT 02755
            bob open 3 d/k O_RDWR|O_CREAT 02745
            bob chmod d/g 02755
            bob mkdir d/s/t 0755
            list d
            """),
        Case(
            "files without a name",
            """
            mkdir d 0777
            open 0 d O_TMPFILE|O_RDWR 0640
            write 0 100@1
            fstat 0
            list d
            linkat . @fd0 . d/f AT_SYMLINK_FOLLOW
            lstat d/f
            linkat 0 @empty . d/g AT_EMPTY_PATH
            lstat d/f
            open 1 d O_TMPFILE|O_RDWR|O_EXCL 0600
            linkat . @fd1 . d/h AT_SYMLINK_FOLLOW
            open 1 d O_TMPFILE|O_RDONLY 0600
            open 1 d/f O_TMPFILE|O_RDWR 0600
            open 1 none O_TMPFILE|O_RDWR 0600
            chmod d 0755
            alice open 1 d O_TMPFILE|O_RDWR 0600
            open 1 @ro/d O_TMPFILE|O_RDWR 0600
            """),
        Case(
            "programs that run",
            """
            program cat 0755
            exec cat
            chmod cat 0644
            exec cat
            alice exec cat
            chmod cat 0755
            alice exec cat
            execopen cat O_WRONLY
            execopen cat O_RDONLY
            execopen cat O_RDWR|O_TRUNC
            open 0 cat O_WRONLY 0
            exec cat
            close 0
            open 0 text O_WRONLY|O_CREAT 0755
            write 0 =nothing
            close 0
            exec text
            exec none
            mkdir d 0755
            exec d
            exec cat/x
            """),
    ]
}
