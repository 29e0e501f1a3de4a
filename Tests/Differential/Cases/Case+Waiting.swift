extension Case {
    /// Calls that wait, and calls that must not.
    static let waiting =
        waitingForLocks + [
            Case(
                "reads that must not wait",
                """
                open 0 f O_RDWR|O_CREAT 0644
                write 0 8192@1
                preadv2 7 100 0 RWF_NOWAIT
                open 1 f O_WRONLY 0
                preadv2 1 100 0 RWF_NOWAIT
                preadv2 0 100 -2 RWF_NOWAIT
                preadv2 0 100 0 RWF_HIPRI
                preadv2 0 100 0 RWF_NOWAIT
                """),
            Case(
                "writes that must not wait",
                """
                open 0 f O_RDWR|O_CREAT 0644
                write 0 8192@1
                open 1 f O_RDONLY 0
                pwritev2 7 100@2 0 RWF_NOWAIT
                pwritev2 1 100@2 0 RWF_NOWAIT
                pwritev2 0 100@2 -2 RWF_NOWAIT
                pwritev2 0 100@2 0 RWF_NOWAIT
                """),
            Case(
                "direct reads that must not wait",
                """
                open 0 f O_RDWR|O_CREAT|O_DIRECT 0644
                write 0 8192@1
                preadv2 0 12288 0 0
                preadv2 0 12288 0 RWF_NOWAIT
                """),
            Case(
                "how to read and write",
                """
                open 0 f O_RDWR|O_CREAT 0644
                write 0 8192@1
                preadv2 0 100 0 RWF_DSYNC
                pwritev2 0 100@2 0 RWF_DSYNC|RWF_SYNC
                pwritev2 0 100@3 0 RWF_NOAPPEND
                pwritev2 0 100@3 0 RWF_APPEND|RWF_NOAPPEND
                pwritev2 0 4096@5 0 RWF_ATOMIC
                preadv2 0 100 0 0x40000000
                """),
            Case(
                "not to append after all",
                """
                open 0 f O_RDWR|O_CREAT|O_APPEND 0644
                write 0 8192@1
                pwritev2 0 100@4 50 0
                fcntl 0 F_SETFL 0
                pwritev2 0 100@4 50 RWF_NOAPPEND
                fcntl 0 F_SETFL O_APPEND
                pwritev2 0 100@4 50 RWF_NOAPPEND
                """),
        ]

    /// Another process waits for locks.
    private static let waitingForLocks = [
        Case(
            "locks of processes that are waited for",
            """
            open 0 f O_RDWR|O_CREAT 0666
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_SETLKW F_WRLCK 10 10 0 -1    # free
            waited
            waiter 0 F_SETLKW F_RDLCK 5 100 0 -1
            lock 0 F_SETLK F_UNLCK SEEK_SET 0 5
            interrupt
            waited                                  # EINTR
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_SETLKW F_WRLCK 0 0 0 -1
            lock 0 F_SETLK F_RDLCK SEEK_SET 0 10
            lock 0 F_SETLK F_UNLCK SEEK_SET 0 0
            waited
            lock 0 F_SETLK F_RDLCK SEEK_SET 0 10
            waiter 0 F_SETLKW F_RDLCK 0 10 0 -1     # shared
            waited
            waiter 0 F_SETLKW F_WRLCK 0 10 0 -1
            open 1 f O_RDONLY 0
            close 1                                 # ends all locks of the process
            waited
            """),
        Case(
            "processes that wait for each other",
            """
            open 0 f O_RDWR|O_CREAT 0666
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_SETLKW F_WRLCK 0 10 20 10
            lock 0 F_SETLK F_WRLCK SEEK_SET 20 10   # EAGAIN
            lock 0 F_SETLKW F_WRLCK SEEK_SET 20 10  # EDEADLK
            lock 0 F_SETLKW F_RDLCK SEEK_SET 25 1   # EDEADLK
            lock 0 F_SETLKW F_WRLCK SEEK_SET 40 10
            lock 0 F_SETLK F_UNLCK SEEK_SET 0 10
            waited
            lock 0 F_SETLKW F_WRLCK SEEK_SET 20 10
            """),
        Case(
            "locks of open files that are waited for",
            """
            open 0 f O_RDWR|O_CREAT 0666
            lock 0 F_OFD_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_OFD_SETLKW F_WRLCK 10 10 0 -1
            waited
            waiter 0 F_OFD_SETLKW F_RDLCK 0 0 0 -1
            interrupt
            waited                                  # EINTR
            waiter 0 F_OFD_SETLKW F_RDLCK 0 0 0 -1
            lock 0 F_OFD_SETLK F_UNLCK SEEK_SET 0 10
            waited
            lock 0 F_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_OFD_SETLKW F_WRLCK 0 10 0 -1 # waits for a process
            lock 0 F_SETLK F_UNLCK SEEK_SET 0 10
            waited
            lock 0 F_OFD_SETLK F_WRLCK SEEK_SET 0 10
            waiter 0 F_SETLKW F_WRLCK 0 10 20 10    # no deadlock is looked for
            close 0                                 # ends the locks of the open file
            waited
            """),
        Case(
            "flock that is waited for",
            """
            open 0 f O_RDWR|O_CREAT 0666
            flock 0 LOCK_SH
            waiter 0 LOCK_SH 0 0 0 0 -1
            waited
            waiter 0 LOCK_EX 0 0 0 0 -1
            interrupt
            waited                                  # EINTR
            waiter 0 LOCK_EX 0 0 0 0 -1
            flock 0 LOCK_UN
            waited
            flock 0 LOCK_EX
            waiter 0 LOCK_SH 0 0 0 0 -1
            flock 0 LOCK_SH
            waited
            flock 0 LOCK_EX
            dup 1 0
            waiter 0 LOCK_EX 0 0 0 0 -1
            close 0
            close 1                                 # the last descriptor
            waited
            """),
    ]
}
