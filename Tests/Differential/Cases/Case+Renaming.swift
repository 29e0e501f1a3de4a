extension Case {
    /// Calls that give files other names.
    static let renaming = [
        Case(
            "rename",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 10@1
            open 1 g O_RDWR|O_CREAT 0644
            mkdir d 0755
            mkdir e 0755
            mkdir e/s 0755
            rename f h
            rename f h
            rename h g
            fstat 1
            pread 1 1 0
            link g g2
            rename g g2
            lstat g
            rename g d              # EISDIR
            rename d g              # ENOTDIR
            rename d e              # ENOTEMPTY
            rename d e/s
            lstat e
            rename e e/s/x          # EINVAL
            rename e/s e            # ENOTEMPTY
            rename . x
            rename e/s/. x
            rename none x
            rename g none/x
            rename g g2/x
            rename g/ x
            rename g x/
            rename e x/
            rename g @n256
            rename g @other/g
            rename g @ro/g
            rename @ro/g g
            chmod . 0755
            alice rename g y
            mkdir t 0777
            alice mkdir t/a 0755
            alice rename x t/x
            mkdir t/r 0755
            alice rename t/r t/a/r
            chmod t/r 0777
            alice rename t/r t/a/r
            symlink g l
            rename l l2
            readlink l2 10
            rename l2 g2
            lstat g2
            renameat . g . k
            renameat 7 g . k
            renameat 0 g . k
            """),
        Case(
            "rename over open files",
            """
            open 0 f O_RDWR|O_CREAT 0644
            write 0 =first
            open 1 g O_RDWR|O_CREAT 0644
            write 1 =second
            rename f g
            pread 1 10 0
            fstat 1
            write 1 =more
            fstat 0
            mkdir d 0755
            mkdir e 0755
            open 2 e O_RDONLY|O_DIRECTORY 0
            rename d e
            getdents 2
            mkdirat 2 x 0755
            fstat 2
            """),
        Case(
            "rename flags",
            """
            open 0 f O_RDWR|O_CREAT 0644
            mkdir d 0755
            mkdir d/s 0755
            renameat2 . f . d RENAME_NOREPLACE
            renameat2 . f . g RENAME_NOREPLACE
            renameat2 . g . g RENAME_NOREPLACE
            renameat2 . g . d RENAME_EXCHANGE
            lstat d
            lstat g
            list g
            renameat2 . g . none RENAME_EXCHANGE
            renameat2 . g . g/s RENAME_EXCHANGE
            renameat2 . g/s . g RENAME_EXCHANGE
            renameat2 . g/s . d RENAME_EXCHANGE
            lstat g/s
            renameat2 . d . d RENAME_EXCHANGE
            renameat2 . d . g RENAME_EXCHANGE|RENAME_NOREPLACE
            renameat2 . d . g RENAME_EXCHANGE|RENAME_WHITEOUT
            renameat2 . d . g 8
            renameat2 . d . w RENAME_WHITEOUT
            lstat d
            lstat w
            renameat2 . d . @other/d RENAME_EXCHANGE
            renameat2 . w . @ro/w RENAME_EXCHANGE
            renameat2 . w . d RENAME_WHITEOUT|RENAME_NOREPLACE
            mkdir p 0777
            alice mkdir p/a 0755
            alice renameat2 . p/a . p/b RENAME_WHITEOUT
            lstat p/a
            bob renameat2 . p/b . p/c RENAME_NOREPLACE
            """),
    ]
}
