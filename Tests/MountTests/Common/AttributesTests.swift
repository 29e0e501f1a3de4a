import RingFUSE
import Testing

extension MountTests {
    /// What `stat` tells and what changes it.
    @Suite
    struct Attributes {
        @Test(arguments: Flavor.withShared)
        func areKept(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                umask 022
                printf hello > f
                mkdir d
                same "$(stat -c '%a %s %F %h %u %g' f)" '644 5 regular file 1 0 0'
                same "$(stat -c '%a %F' d)" '755 directory'
                chmod 640 f
                same "$(stat -c %a f)" 640
                chmod u+x,o= f
                same "$(stat -c %A f)" '-rwxr-----'
                chown 12:34 f
                same "$(stat -c '%u:%g' f)" 12:34
                chmod 4755 f
                same "$(stat -c %a f)" 4755
                chown 56 f
                same "$(stat -c '%a %u:%g' f)" '755 56:34'
                chmod 1777 d
                same "$(stat -c %a d)" 1777

                touch -d '2001-02-03 04:05:06.123456789 UTC' f
                same "$(stat -c '%.9Y %.9X' f)" '981173106.123456789 981173106.123456789'
                touch -a -d '1999-12-31 23:59:59.5 UTC' f
                same "$(stat -c '%.9X %.9Y' f)" '946684799.500000000 981173106.123456789'
                ln -s f s
                touch -h -d '2002-02-02 02:02:02.25 UTC' s
                same "$(stat -c %.9Y s)" 1012615322.250000000
                same "$(stat -c %.9Y f)" 981173106.123456789
                echo more >> f
                (( $(date +%s) - $(stat -c %Y f) < 60 )) || fail 'a write leaves the time of the last one'
                before="$(stat -c %.9Z f)"
                sleep 0.05
                chmod 600 f
                [[ "$(stat -c %.9Z f)" > "$before" ]] || fail 'chmod leaves the time of the last change'
                """)
        }

        @Test(arguments: Flavor.withShared)
        func allowOnlyWhatTheModeAllows(_ flavor: Flavor) async throws {
            try await flavor.mounted(options: .init(allowOther: true)) { session in
                try await session.check(
                    """
                    chmod 755 .
                    chmod 755 $OUT/..
                    user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
                    echo secret > private; chmod 600 private
                    echo public > public; chmod 644 public
                    mkdir theirs; chown 65534:65534 theirs
                    refuses 'Permission denied' user cat private
                    same "$(user cat public)" public
                    refuses 'Permission denied' user touch public
                    refuses 'Permission denied' user rm -f public
                    refuses 'Operation not permitted' user chmod 666 public
                    user bash -c 'echo mine > theirs/file'
                    same "$(stat -c '%u:%g' theirs/file)" 65534:65534
                    user chmod 4755 theirs/file
                    user bash -c 'echo more >> theirs/file'
                    # The server clears the bit; the kernel believes in the old mode until it asks again, as it must for
                    # the time of the last change, which the write made stale.
                    same "$(stat -c '%a %Z' theirs/file | cut -d' ' -f1)" 755
                    """)
            }
        }

        @Test(arguments: Flavor.withShared)
        func tellSizesAndSpace(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                printf 'hello world' > f
                truncate -s 5 f
                same "$(cat f)" hello
                truncate -s 1000003 f
                same "$(stat -c %s f)" 1000003
                same "$(head -c 8 f | od -An -tx1)" ' 68 65 6c 6c 6f 00 00 00'
                dd if=/dev/urandom of=full bs=1M count=4 conv=fsync status=none
                used="$(du -k full | cut -f1)"
                (( used >= 4096 && used <= 4200 )) || fail "du tells $used for 4096 KiB"
                truncate -s 1G sparse
                used="$(du -k sparse | cut -f1)"
                (( used < 64 )) || fail "du tells $used for an empty file"
                same "$(du -k --apparent-size sparse | cut -f1)" 1048576
                """)
        }

        @Test(arguments: Flavor.withShared)
        func canBeExtended(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                touch f
                setfattr -n user.colour -v green f
                setfattr -n user.empty f
                same "$(getfattr --only-values -n user.colour f)" green
                same "$(getfattr f | grep -c '^user')" 2
                setfattr -x user.empty f
                refuses 'No such attribute' getfattr -n user.empty f
                python3 - <<'END'
                import os
                value = os.urandom(2000)
                os.setxattr("f", b"user.large", value)
                assert os.getxattr("f", b"user.large") == value
                assert set(os.listxattr("f")) == {"user.colour", "user.large"}, os.listxattr("f")
                try:
                    os.setxattr("f", b"user.large", b"", os.XATTR_CREATE)
                    raise SystemExit("XATTR_CREATE replaced")
                except FileExistsError: pass
                END
                cp -a f g
                same "$(getfattr --only-values -n user.colour g)" green
                """)
        }
    }
}
