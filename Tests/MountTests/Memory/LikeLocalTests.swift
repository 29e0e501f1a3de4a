import FileSystems
import RingFUSE
import Testing

extension MountTests {
    /// What the memory file system has of ext4 beyond what all file systems of these tests have.
    @Suite
    struct LikeLocal {
        /// Mounts a memory file system that other users may use, and runs a script of bash in its root.
        private func check(_ way: Way, _ script: String) async throws {
            let backend = MemoryFileSystem(byteLimit: 64 << 20)
            try await withMount(
                backend,
                options: MountOptions(allowOther: true),
                configuration: try way.configuration()
            ) { session in
                try await session.check(
                    """
                    chmod 755 . $OUT/..
                    user() { setpriv --reuid=1000 --regid=1000 --groups=5555 "$@"; }

                    """ + script)
            }
        }

        @Test(arguments: Way.allCases)
        func accessControlLists(_ way: Way) async throws {
            try await check(
                way,
                """
                umask 022
                echo secret > f; chmod 640 f
                refuses 'Permission denied' user cat f
                setfacl -m u:1000:rw f
                same "$(user cat f)" secret
                same "$(stat -c %a f)" 660
                chmod 600 f
                refuses 'Permission denied' user cat f
                same "$(getfacl -nc f | tr '\\n\\t' '  ' | sed 's/ *$//')" \\
                    'user::rw- user:1000:rw- #effective:--- group::r-- #effective:--- mask::--- other::---'
                setfacl -m m::r f
                user cat f > /dev/null
                refuses 'Permission denied' user bash -c 'echo x >> f'
                setfacl -b f
                same "$(stat -c %a f) $(getfattr -m - f)" '640 '

                mkdir d
                setfacl -d -m u:1000:rwx,g::rx,o::- d
                touch d/f; mkdir d/d; ln -s x d/l
                same "$(stat -c %a d/f d/d | tr '\\n' ' ')" '660 770 '
                same "$(getfacl -nc d/f | grep user:1000)" $'user:1000:rwx\\t#effective:rw-'
                same "$(getfacl -ndc d/d)" "$(getfacl -ndc d)"
                (umask 077; touch d/g; python3 -c 'import os; os.close(os.open("h", os.O_CREAT | os.O_RDWR, 0o666))')
                same "$(stat -c %a d/g h | tr '\\n' ' ')" '660 600 '
                refuses 'Only directories can have default ACLs' setfacl -d -m u:1000:r f
                setfacl -k d
                touch d/i; same "$(stat -c %a d/i)" 644

                # Whoever is not in the group of a file cannot hand out its privileges.
                chown 1000:0 f; chmod 2770 f; user setfacl -m u:5:r f; same "$(stat -c %a f)" 770
                chown 1000:5555 f; chmod 2770 f; user setfacl -m u:6:r f; same "$(stat -c %a f)" 2770
                """)
        }

        @Test(arguments: Way.allCases)
        func flags(_ way: Way) async throws {
            try await check(
                way,
                """
                lsflags() { lsattr -d "$@" | cut -d' ' -f1 | tr -d -; }
                echo a > f
                chattr +dA f; same "$(lsflags f)" dA
                chattr =i f; same "$(lsflags f)" i
                for command in 'rm -f f' 'mv f g' 'ln f g' 'chmod 600 f' 'touch f' 'setfattr -n user.a -v 1 f' \\
                    'truncate -s 0 f' 'bash -c :>f' 'setfacl -m u:1:r f'; do
                    refuses 'Operation not permitted' $command
                done
                same "$(cat f)" a
                chattr =a f
                refuses 'Operation not permitted' bash -c 'echo b > f'
                echo b >> f
                touch f
                refuses 'Operation not permitted' truncate -s 0 f
                refuses 'Operation not permitted' rm -f f
                same "$(tr '\\n' ' ' < f)" 'a b '
                mkdir d; chattr +DT d; touch d/f; mkdir d/d
                same "$(lsflags d) $(lsflags d/f) $(lsflags d/d)" 'DT  D'
                chattr +i d; refuses 'Operation not permitted' touch d/g; refuses 'Operation not permitted' rmdir d/d
                echo x > d/f
                chattr -i d; chattr -a f
                refuses 'Operation not permitted' user chattr +i f
                chown 1000 f; refuses 'Operation not permitted' user chattr +i f
                user chattr +d f; same "$(lsflags f)" d
                python3 - <<'END'
                import fcntl, os, struct
                f = os.open("f", os.O_RDONLY)
                get, put, version = 0x801c581f, 0x401c5820, 0x80087601
                flags = bytearray(fcntl.ioctl(f, get, bytes(28)))
                assert struct.unpack("5I", flags[:20]) == (0x80, 0, 0, 0, 0), flags
                fcntl.ioctl(f, put, struct.pack("5I8x", 0x40, 0, 0, 0, 0))
                assert struct.unpack_from("I", fcntl.ioctl(f, get, bytes(28)))[0] == 0x40
                number = struct.unpack("q", fcntl.ioctl(f, version, struct.pack("q", -1)))[0]
                assert number >> 32 == -1 and number & 0xffffffff, "not four bytes: %x" % number
                END
                """)
        }

        @Test(arguments: Way.allCases)
        func filesWithoutNames(_ way: Way) async throws {
            try await check(
                way,
                """
                chmod 777 .
                python3 - <<'END'
                import ctypes, os
                libc = ctypes.CDLL(None, use_errno=True)
                def name(fd, to):
                    if libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, to.encode(), 0x400) != 0:
                        raise OSError(ctypes.get_errno(), to)
                fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o640)
                os.write(fd, b"hello")
                assert os.fstat(fd).st_nlink == 0 and os.listdir(".") == []
                name(fd, "f")
                assert os.fstat(fd).st_nlink == 1 and open("f").read() == "hello"
                name(fd, "g"); os.unlink("f"); os.unlink("g")
                def fails(error, call, *arguments):
                    try: call(*arguments)
                    except error: return
                    raise SystemExit("succeeded")
                fails(FileNotFoundError, name, fd, "h")
                os.close(fd)
                fd = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o640)
                fails(FileNotFoundError, name, fd, "h")
                os.mkdir("d"); os.chown("d", 0, 5555); os.chmod("d", 0o2777)
                fd = os.open("d", os.O_TMPFILE | os.O_RDWR, 0o640)
                assert os.fstat(fd).st_gid == 5555
                END
                """)
        }

        @Test(arguments: Way.allCases)
        func privilegesAndTimes(_ way: Way) async throws {
            try await check(
                way,
                """
                now=$(date +%s); touch f
                # Kernels before 6.6 do not ask when a file was made.
                \(RequireRing.release < (6, 6)) \\
                    || (( $(stat -c %W f) - now >= 0 && $(stat -c %W f) - now < 60 )) || fail "born $(stat -c %W f)"
                mode() { chown 1000:$1 f; chmod $2 f; }
                chmod 777 .
                # group of the file, mode, mode after a change by 1000 with groups 1000 and 5555
                while read group before after; do
                    for change in 'bash -c echo>>f' 'truncate -s 3 f' 'bash -c :>f' 'fallocate -l 9 f' \\
                        'python3 -c __import__("os").chown("f",-1,-1)'; do
                        mode $group $before; user $change
                        # Asked for the mode alone, the kernel would tell the one that it knew before it cut the file.
                        same "$change $group $(stat -c '%a %Z' f | cut -d' ' -f1)" "$change $group $after"
                    done
                done <<'END'
                0 6777 777
                0 2767 767
                1000 2767 2767
                5555 2767 2767
                5555 6766 2766
                END
                chmod 6755 f; python3 -c 'import os; os.chown("f", -1, -1)'; same "$(stat -c %a f)" 755
                chown 0:0 f; chmod 2745 f; python3 -c 'import os; os.chown("f", -1, -1)'; same "$(stat -c %a f)" 2745
                """)
        }

        @Test(arguments: Way.allCases)
        func namesAndSizes(_ way: Way) async throws {
            try await check(
                way,
                """
                python3 - <<'END'
                import ctypes, errno, os
                libc = ctypes.CDLL(None, use_errno=True)
                name = bytes(range(1, 256)).replace(b"/", b"x")
                open(name, "w").close()
                assert os.listdir(b".") == [name]
                def fails(number, call, *arguments):
                    try: call(*arguments)
                    except OSError as error: assert error.errno == number, error
                    else: raise SystemExit("succeeded")
                fails(errno.ENAMETOOLONG, os.mkdir, name + b"x")
                os.unlink(name)
                # A file and a directory change places.
                open("f", "w").close(); os.makedirs("d/below"); os.mkdir("other"); os.rename("f", "other/f")
                assert libc.renameat2(-100, b"other/f", -100, b"d", 2) == 0
                assert os.path.isfile("d") and os.path.isdir("other/f/below")
                assert (os.stat(".").st_nlink, os.stat("other").st_nlink) == (3, 3)
                assert os.stat("other/f/..").st_ino == os.stat("other").st_ino
                # A whiteout is what overlayfs takes for "removed".
                assert libc.renameat2(-100, b"d", -100, b"e", 4) == 0
                assert os.stat("d").st_mode == 0o20000 and os.stat("d").st_rdev == 0
                fd = os.open("e", os.O_RDWR)
                for offset in (2**32 - 1, 2**40, 2**63 - 2**20): assert os.pwrite(fd, b"ab", offset) == 2
                assert os.fstat(fd).st_size == 2**63 - 2**20 + 2 and os.fstat(fd).st_blocks < 100
                assert os.pread(fd, 3, 2**32 - 2) == b"\\0ab"
                assert os.lseek(fd, 2**33, os.SEEK_DATA) == 2**40
                assert os.lseek(fd, 2**40, os.SEEK_HOLE) == 2**40 + 4096
                os.ftruncate(fd, 2**63 - 1)
                assert os.fstat(fd).st_size == 2**63 - 1
                for times in ((-1, -10**9 - 1), (2**32 * 10**9 + 999999999, 2**33 * 10**9 + 1)):
                    os.utime("e", ns=times)
                    told = os.stat("e")
                    assert (told.st_atime_ns, told.st_mtime_ns) == times
                END
                """)
        }
    }
}
