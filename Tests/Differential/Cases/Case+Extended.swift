extension Case {
    /// Extended attributes and ACLs.
    static let extended = [
        Case(
            "extended attributes",
            """
            open 0 f O_RDWR|O_CREAT 0644
            getxattr f user.a 10
            setxattr f user.a 5@1 XATTR_REPLACE
            setxattr f user.a 5@1 XATTR_CREATE
            setxattr f user.a 5@1 XATTR_CREATE
            setxattr f user.a 10@2 XATTR_REPLACE
            setxattr f user.a 7@2 3
            setxattr f user.a 7@2 4
            getxattr f user.a 100
            getxattr f user.a 0
            getxattr f user.a 3
            setxattr f user.empty 0@0 0
            getxattr f user.empty 10
            listxattr f 0
            listxattr f 100
            listxattr f 3
            fsetxattr 0 user.b 100@3 0
            fgetxattr 0 user.b 100
            flistxattr 0 100
            removexattr f user.a
            removexattr f user.a
            fremovexattr 0 user.b
            setxattr f user. 5@1 0
            setxattr f nothing 5@1 0
            setxattr f bad.x 5@1 0
            setxattr f user.@n250 5@1 0
            setxattr f user.@n251 5@1 0
            setxattr f @empty 5@1 0
            setxattr f user.big 65537@1 0
            setxattr none user.a 5@1 0
            getxattr none user.a 5
            listxattr none 5
            removexattr none user.a
            setxattr f/x user.a 5@1 0
            setxattr @ro/f user.a 5@1 0
            removexattr @ro/f user.empty
            bob setxattr f user.a 5@1 0
            bob getxattr f user.empty 10
            chmod f 0600
            bob getxattr f user.empty 10
            bob listxattr f 100
            setxattr f trusted.t 5@1 0
            getxattr f trusted.t 10
            bob getxattr f trusted.t 10
            bob setxattr f trusted.t 5@1 0
            bob listxattr f 100
            listxattr f 100
            fgetxattr 7 user.a 10
            fsetxattr 7 user.a 5@1 0
            symlink f l
            lsetxattr l user.a 5@1 0
            lgetxattr l user.a 10
            lsetxattr l trusted.t 5@1 0
            lgetxattr l trusted.t 10
            llistxattr l 100
            lremovexattr l trusted.t
            getxattr l user.empty 10
            mkdir d 01777
            bob setxattr d user.a 5@1 0
            alice setxattr d user.b 5@1 0
            setxattr d user.c 5@1 0
            mknod p S_IFIFO|0666 0
            setxattr p user.a 5@1 0
            getxattr p user.a 10
            setxattr p trusted.a 5@1 0
            """),
        Case(
            "ACLs",
            """
            open 0 f O_RDWR|O_CREAT 0640
            setacl f access u:6,u1001:4,g:4,m:4,o:0
            lstat f
            getxattr f system.posix_acl_access 100
            alice open 1 f O_RDONLY 0
            alice open 1 f O_RDWR 0
            bob open 1 f O_RDONLY 0
            chmod f 0600
            alice open 1 f O_RDONLY 0
            getxattr f system.posix_acl_access 100
            chmod f 0660
            alice open 1 f O_RDONLY 0
            alice setacl f access u:6,g:4,o:0
            setacl f access u:6,g:4,o:4
            lstat f
            getxattr f system.posix_acl_access 100
            setacl f access u:6,u1001:4,g:4,o:0
            setacl f access g:4,o:0
            setacl f default u:6,g:4,o:4
            removexattr f system.posix_acl_access
            mkdir d 0777
            setacl d default u:7,u1002:5,g:5,g2000:7,m:7,o:0
            alice open 2 d/f O_RDWR|O_CREAT 0666
            alice mkdir d/s 0777
            getxattr d/f system.posix_acl_access 200
            getxattr d/s system.posix_acl_default 200
            getxattr d/s system.posix_acl_access 200
            umask 077
            alice open 3 d/g O_RDWR|O_CREAT 0666
            lstat d/g
            alice symlink x d/l
            alice mknod d/p S_IFIFO|0666 0
            listxattr d/f 200
            removexattr d system.posix_acl_default
            getxattr d system.posix_acl_default 200
            """),
    ]

    /// Locks.
    static let locks = [
        Case(
            "locks of processes and open files",
            """
            open 0 f O_RDWR|O_CREAT 0666
            write 0 100@1
            open 1 f O_RDONLY 0
            open 2 f O_WRONLY 0
            lock 0 F_SETLK F_WRLCK SEEK_SET 10 10
            child lock 0 F_SETLK F_RDLCK SEEK_SET 15 10
            child lock 0 F_GETLK F_RDLCK SEEK_SET 0 0
            child lock 0 F_GETLK F_RDLCK SEEK_SET 0 5
            lock 0 F_GETLK F_WRLCK SEEK_SET 0 0
            lock 0 F_SETLK F_RDLCK SEEK_SET 12 2
            child lock 0 F_GETLK F_WRLCK SEEK_SET 12 2
            child lock 0 F_SETLK F_RDLCK SEEK_SET 12 2
            lock 1 F_SETLK F_WRLCK SEEK_SET 0 1
            lock 2 F_SETLK F_RDLCK SEEK_SET 0 1
            lock 7 F_SETLK F_RDLCK SEEK_SET 0 1
            lock 0 F_SETLK 9 SEEK_SET 0 1
            lock 0 F_SETLK F_RDLCK 9 0 1
            lock 0 F_SETLK F_RDLCK SEEK_SET -5 1
            lock 0 F_SETLK F_WRLCK SEEK_END -5 0
            child lock 0 F_GETLK F_RDLCK SEEK_SET 95 1
            lock 0 F_SETLK F_UNLCK SEEK_SET 0 0
            child lock 0 F_GETLK F_WRLCK SEEK_SET 0 0
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 0
            close 2
            child lock 0 F_GETLK F_WRLCK SEEK_SET 0 0
            lock 0 F_OFD_SETLK F_WRLCK SEEK_SET 0 50
            lock 1 F_OFD_SETLK F_RDLCK SEEK_SET 40 20
            lock 1 F_OFD_GETLK F_RDLCK SEEK_SET 0 0
            lock 1 F_OFD_SETLK F_RDLCK SEEK_SET 50 10
            lock 0 F_OFD_SETLK F_WRLCK SEEK_SET 55 10
            child lock 0 F_SETLK F_RDLCK SEEK_SET 0 10
            lock 0 F_OFD_SETLK F_UNLCK SEEK_SET 0 0
            lock 1 F_OFD_SETLK F_RDLCK SEEK_SET 0 0
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 1
            lock 0 F_SETLKW F_RDLCK SEEK_SET 0 1
            close 1
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 1
            """),
        Case(
            "flock",
            """
            open 0 f O_RDWR|O_CREAT 0666
            open 1 f O_RDONLY 0
            flock 0 LOCK_EX|LOCK_NB
            flock 1 LOCK_SH|LOCK_NB
            flock 1 LOCK_EX|LOCK_NB
            flock 0 LOCK_SH|LOCK_NB
            flock 1 LOCK_SH|LOCK_NB
            flock 0 LOCK_EX|LOCK_NB
            flock 1 LOCK_UN
            flock 0 LOCK_EX
            dup 2 0
            flock 2 LOCK_UN
            flock 1 LOCK_EX|LOCK_NB
            child flock 1 LOCK_UN
            flock 0 LOCK_EX|LOCK_NB
            flock 0 LOCK_NB
            flock 0 99
            flock 7 LOCK_EX
            close 0
            close 2
            flock 1 LOCK_EX|LOCK_NB
            mkdir d 0755
            open 3 d O_RDONLY 0
            flock 3 LOCK_EX|LOCK_NB
            """),
    ]

    /// Mappings.
    static let mappings = [
        Case(
            "mmap",
            """
            open 0 f O_RDWR|O_CREAT 0666
            write 0 5000@1
            mmap 0 0 0 8192 PROT_READ|PROT_WRITE MAP_SHARED
            mload 0 0 5000
            mload 0 5000 3192
            mstore 0 100 200@2
            pread 0 400 0
            pwrite 0 50@3 4990
            mload 0 4900 300
            msync 0 MS_SYNC
            msync 0 MS_ASYNC
            msync 0 MS_SYNC|MS_ASYNC
            mmap 1 0 0 8192 PROT_READ|PROT_WRITE MAP_PRIVATE
            mstore 1 0 100@4
            pread 0 100 0
            mload 1 0 100
            ftruncate 0 3000
            mload 0 0 4096
            mload 0 4096 100
            mtouch 0 4096 0
            mtouch 0 4096 1
            mtouch 0 100 0
            ftruncate 0 8192
            mload 0 0 8192
            fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE 0 4096
            mload 0 0 4096
            open 1 f O_RDONLY 0
            mmap 2 1 0 4096 PROT_READ|PROT_WRITE MAP_SHARED
            mmap 2 1 0 4096 PROT_READ|PROT_WRITE MAP_PRIVATE
            mmap 2 1 0 4096 PROT_READ MAP_SHARED
            open 2 f O_WRONLY 0
            mmap 3 2 0 4096 PROT_READ MAP_SHARED
            mmap 3 2 0 4096 PROT_WRITE MAP_SHARED
            mmap 3 0 100 4096 PROT_READ MAP_SHARED
            mmap 3 0 0 0 PROT_READ MAP_SHARED
            mmap 3 7 0 4096 PROT_READ MAP_SHARED
            mmap 3 0 0 4096 PROT_READ 0
            mkdir d 0755
            open 3 d O_RDONLY 0
            mmap 3 3 0 4096 PROT_READ MAP_SHARED
            mmap 3 0 0 4096 PROT_READ MAP_SHARED_VALIDATE|MAP_SYNC
            unlink f
            mload 0 0 8192
            mstore 0 50 100@5
            pread 0 200 0
            munmap 0
            """)
    ]
}
