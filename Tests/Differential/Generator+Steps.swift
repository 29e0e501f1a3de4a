extension Generator {
    /// Kinds of steps that go together.
    struct Group {
        /// Whether no script does without them.
        let isNeeded: Bool
        /// Each makes one kind of line.
        let makers: [Maker]
    }

    /// All kinds of steps. What is there twice is made twice as often.
    static var groups: [Group] {
        [opening, content, names, moving, attributes, times, extended, space, locks, mappings]
    }

    private static var opening: Group {
        Group(
            isNeeded: true,
            makers: [
                { "open \($0.slot()) \($0.path()) \($0.flags()) \($0.mode())" },
                { "open \($0.slot()) \($0.path()) \($0.flags()) \($0.mode())" },
                { "open \($0.slot()) \($0.path()) O_RDWR|O_CREAT|O_NONBLOCK \($0.mode())" },
                { "open \($0.slot()) \($0.directory()) O_RDONLY|O_DIRECTORY 0" },
                { "open \($0.slot()) \($0.path()) O_WRONLY|O_CREAT|O_TRUNC|O_NONBLOCK \($0.mode())" },
                { "close \($0.slot())" },
                { "dup \($0.slot()) \($0.slot())" },
                { "umask \($0.pick("0", "022", "077", "0777"))" },
            ])
    }

    private static var content: Group {
        Group(
            isNeeded: true,
            makers: [
                { "write \($0.slot()) \($0.data())" },
                { "write \($0.slot()) \($0.data())" },
                { "pwrite \($0.slot()) \($0.data()) \($0.offset())" },
                { "pwrite \($0.slot()) \($0.data()) \($0.offset())" },
                { "writev \($0.slot()) \($0.data())" },
                { "read \($0.slot()) \($0.size())" },
                { "pread \($0.slot()) \($0.size()) \($0.offset())" },
                { "preadv2 \($0.slot()) \($0.size()) \($0.offset()) 0" },
                { "pwritev2 \($0.slot()) \($0.data()) \($0.offset()) \($0.pick("0", "RWF_APPEND", "RWF_DSYNC"))" },
                { "lseek \($0.slot()) \($0.offset()) \($0.pick("SEEK_SET", "SEEK_CUR", "SEEK_END"))" },
                { "lseek \($0.slot()) \($0.offset()) \($0.pick("SEEK_DATA", "SEEK_HOLE"))" },
                { "fsync \($0.slot())" },
                { "truncate \($0.path()) \($0.offset())" },
                { "ftruncate \($0.slot()) \($0.offset())" },
                { "sendfile \($0.slot()) \($0.slot()) \($0.pick("-1", "0", "100")) \($0.size())" },
                { "spliceout \($0.slot()) \($0.pick("-1", "0", "100")) \($0.size())" },
                { "splicein \($0.slot()) \($0.data()) \($0.pick("-1", "0", "100"))" },
            ])
    }

    private static var names: Group {
        Group(
            isNeeded: true,
            makers: [
                { "mkdir \($0.directory()) \($0.mode())" },
                { "mknod \($0.path()) \($0.fileType())|\($0.mode()) 0x103" },
                { "rmdir \($0.directory())" },
                { "unlink \($0.path())" },
                { "unlink \($0.path())" },
                { "link \($0.path()) \($0.path())" },
                { "linkat . \($0.path()) . \($0.path()) \($0.pick("0", "AT_SYMLINK_FOLLOW"))" },
                { "linkat \($0.slot()) @empty . \($0.path()) AT_EMPTY_PATH" },
                { "linkat . @fd\($0.slot()) . \($0.path()) AT_SYMLINK_FOLLOW" },
                { "symlink \($0.directory()) \($0.path())" },
                { "symlink \($0.pick("f", "d", "../f", "s", "g", "d/f")) \($0.path())" },
                { "readlink \($0.directory()) \($0.pick("0", "3", "4096"))" },
                { "list \($0.directory())" },
                { "access \($0.path()) \($0.pick("R_OK", "W_OK", "X_OK", "F_OK", "R_OK|W_OK"))" },
                { "stat \($0.path())" },
                { "fstat \($0.slot())" },
            ])
    }

    private mutating func fileType() -> String { pick("S_IFREG", "S_IFIFO", "S_IFSOCK", "S_IFCHR") }

    private static var moving: Group {
        Group(
            isNeeded: false,
            makers: [
                { "rename \($0.path()) \($0.path())" },
                { "rename \($0.path()) \($0.path())" },
                { "rename \($0.directory()) \($0.directory())" },
                { "renameat2 . \($0.path()) . \($0.path()) \($0.renaming())" },
            ])
    }

    private mutating func renaming() -> String {
        pick("RENAME_EXCHANGE", "RENAME_NOREPLACE", "RENAME_WHITEOUT", "RENAME_EXCHANGE|RENAME_NOREPLACE")
    }

    private static var attributes: Group {
        Group(
            isNeeded: false,
            makers: [
                { "chmod \($0.path()) \($0.mode())" },
                { "chmod \($0.path()) \($0.mode())" },
                { "fchmod \($0.slot()) \($0.mode())" },
                { "fchmodat2 . \($0.path()) \($0.mode()) AT_SYMLINK_NOFOLLOW" },
                { "chown \($0.path()) \($0.owner()) \($0.group())" },
                { "lchown \($0.path()) \($0.owner()) \($0.group())" },
                { "fchown \($0.slot()) \($0.owner()) \($0.group())" },
                { "faccessat2 . \($0.path()) \($0.pick("R_OK", "W_OK", "X_OK")) AT_EACCESS" },
            ])
    }

    private static var times: Group {
        Group(
            isNeeded: false,
            makers: [
                { "utimensat . \($0.path()) \($0.time()) \($0.time()) \($0.pick("0", "AT_SYMLINK_NOFOLLOW"))" },
                { "futimens \($0.slot()) \($0.time()) \($0.time())" },
                { "utimesnull \($0.path())" },
            ])
    }

    private static var extended: Group {
        Group(
            isNeeded: false,
            makers: [
                { "setxattr \($0.path()) \($0.attribute()) \($0.pick("0@0", "5@1", "60@2")) \($0.attributeFlags())" },
                { "lsetxattr \($0.path()) \($0.attribute()) \($0.pick("5@1", "60@2")) \($0.attributeFlags())" },
                { "fsetxattr \($0.slot()) \($0.attribute()) \($0.pick("5@1", "60@2")) \($0.attributeFlags())" },
                { "getxattr \($0.path()) \($0.attribute()) \($0.pick("0", "3", "1000"))" },
                { "fgetxattr \($0.slot()) \($0.attribute()) \($0.pick("0", "3", "1000"))" },
                { "listxattr \($0.path()) \($0.pick("0", "1000"))" },
                { "removexattr \($0.path()) \($0.attribute())" },
                { "fremovexattr \($0.slot()) \($0.attribute())" },
            ])
    }

    private mutating func attributeFlags() -> String { pick("0", "0", "XATTR_CREATE", "XATTR_REPLACE") }

    private static var space: Group {
        Group(
            isNeeded: false,
            makers: [
                { "fallocate \($0.slot()) \($0.allocation()) \($0.offset()) \($0.size())" },
                { "fallocate \($0.slot()) \($0.allocation()) \($0.offset()) \($0.size())" },
                {
                    "copy_file_range \($0.slot()) \($0.slot()) \($0.pick("-1", "0", "100")) "
                        + "\($0.pick("-1", "0", "5000")) \($0.size()) 0"
                },
                { "limit \($0.pick("-1", "-1", "5000", "100000"))" },
            ])
    }

    private mutating func allocation() -> String {
        let keep = "FALLOC_FL_KEEP_SIZE"
        return pick(
            "0", keep, "FALLOC_FL_PUNCH_HOLE|" + keep, "FALLOC_FL_ZERO_RANGE", "FALLOC_FL_ZERO_RANGE|" + keep,
            "FALLOC_FL_COLLAPSE_RANGE", "FALLOC_FL_INSERT_RANGE", "FALLOC_FL_PUNCH_HOLE")
    }

    private static var locks: Group {
        Group(
            isNeeded: false,
            makers: [
                { "lock \($0.slot()) \($0.lockCommand()) \($0.lockType()) SEEK_SET \($0.size()) \($0.size())" },
                { "child lock \($0.slot()) \($0.lockCommand()) \($0.lockType()) SEEK_SET \($0.size()) \($0.size())" },
                { "flock \($0.slot()) LOCK_NB|\($0.pick("LOCK_SH", "LOCK_EX", "LOCK_UN"))" },
            ])
    }

    private mutating func lockCommand() -> String { pick("F_SETLK", "F_OFD_SETLK", "F_GETLK", "F_OFD_GETLK") }
    private mutating func lockType() -> String { pick("F_RDLCK", "F_WRLCK", "F_WRLCK", "F_UNLCK") }

    private static var mappings: Group {
        Group(
            isNeeded: false,
            makers: [
                { "mmap 0 \($0.slot()) 0 16384 \($0.pick("PROT_READ", "PROT_READ|PROT_WRITE")) \($0.sharing())" },
                { "mload 0 \($0.pick("0", "100", "4096", "12288")) 4096" },
                { "mstore 0 \($0.pick("0", "100", "4096", "12000")) 300@9" },
                { _ in "msync 0 MS_SYNC" },
                { _ in "munmap 0" },
            ])
    }

    private mutating func sharing() -> String { pick("MAP_SHARED", "MAP_SHARED", "MAP_PRIVATE") }
}
