import Testing

extension MountTests {
    /// Names: what coreutils do with files, directories and links.
    @Suite
    struct Names {
        @Test(arguments: Flavor.withShared)
        func areMadeMovedLinkedAndRemoved(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                mkdir -p a/b/c
                echo one > a/b/c/one
                cp a/b/c/one a/two
                cmp a/b/c/one a/two
                mv a/two a/b/three
                refuses 'No such file' stat a/two
                same "$(cat a/b/three)" one

                ln a/b/three a/hard
                same "$(stat -c %h a/hard)" 2
                same "$(stat -c %i a/hard)" "$(stat -c %i a/b/three)"
                echo two > a/hard
                same "$(cat a/b/three)" two
                rm a/b/three
                same "$(stat -c %h a/hard)" 1
                same "$(cat a/hard)" two

                ln -s b/c/one a/soft
                same "$(readlink a/soft)" b/c/one
                same "$(stat -c %F a/soft)" 'symbolic link'
                same "$(cat a/soft)" one
                long="$(printf 'x%.0s' {1..4000})"
                ln -s "$long" a/long
                same "$(readlink a/long)" "$long"
                ln -s none a/dangling
                refuses 'No such file' cat a/dangling

                mkdir a/d
                mv a/b a/d/e
                same "$(cat a/d/e/c/one)" one
                mkdir full empty; touch full/file
                mv -T empty a/d/empty
                refuses 'Directory not empty' mv -T a/d full
                mv -T full a/d/empty
                [[ -f a/d/empty/file ]]
                mkfifo a/fifo
                same "$(stat -c %F a/fifo)" fifo
                (echo through > a/fifo) & same "$(cat a/fifo)" through; wait $!

                refuses 'Directory not empty' rmdir a/d
                refuses 'File exists' mkdir a
                refuses 'No such file' cat a/none
                refuses 'Not a directory' cat a/hard/below
                refuses 'Is a directory' cat a/d
                refuses 'cannot move' mv a a/d/a
                refuses 'hard link not allowed for directory' ln a/d a/dlink
                rm -r a
                same "$(ls -A)" ''
                """)
        }

        @Test(arguments: Flavor.withShared)
        func areListedExactlyOnce(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                mkdir many
                seq -f 'many/name-%05.0f' 1 3000 | xargs touch
                seq -f 'name-%05.0f' 1 3000 > $OUT/expected
                ls -la many > $OUT/long
                same "$(wc -l < $OUT/long)" 3003
                diff <(awk 'NR > 3 { print $NF }' $OUT/long) $OUT/expected
                diff <(ls -U many | sort) $OUT/expected
                diff <(find many -type f -printf '%f\\n' | sort) $OUT/expected
                # Names that go while the directory is read must not hide others.
                find many -name '*[02468]' -delete
                diff <(ls many) <(grep '[13579]$' $OUT/expected)
                rm -r many
                refuses 'No such file' ls many
                """)
        }

        /// `tools/million` does the same with a million of them.
        @Test(arguments: Flavor.all)
        func comeAndGoWhileADirectoryIsRead(_ flavor: Flavor) async throws {
            try await flavor.mounted { session in
                _ = try await TestProgram.names.compile(in: session.scratch)
                try await session.check(
                    """
                    $OUT/names small 3000 512 2
                    $OUT/names large 3000 32768 2
                    """, limit: .seconds(300))
            }
        }

        @Test(arguments: Flavor.withShared)
        func mayBeAnyBytes(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                longest="$(printf 'n%.0s' {1..255})"
                echo long > "$longest"
                same "$(cat "$longest")" long
                refuses 'File name too long' touch "${longest}n"
                mkdir "d$longest" 2> /dev/null && fail 'made a directory with a name of 256 bytes'
                echo odd > $'\\xff\\xfe'
                echo lines > $'new\\nline'
                echo blank > ' '
                mv $'\\xff\\xfe' $'\\xc3\\x28'
                same "$(cat $'\\xc3\\x28')" odd
                python3 - <<'END'
                import os
                names = {b"n" * 255, b"\\xc3\\x28", b"new\\nline", b" "}
                assert set(os.listdir(b".")) == names, os.listdir(b".")
                END
                rm -- *
                same "$(ls -A)" ''
                """)
        }

        @Test(arguments: Flavor.withShared)
        func mayBeTakenFromOpenFiles(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                python3 - <<'END'
                import os
                def put(name, text):
                    with open(name, "wb") as file: file.write(text)
                def get(name):
                    with open(name, "rb") as file: return file.read()

                # Renamed over: the old content lives on behind its descriptor.
                put("old", b"old"), put("new", b"new")
                old = os.open("old", os.O_RDWR)
                os.rename("new", "old")
                assert get("old") == b"new"
                assert os.pread(old, 10, 0) == b"old"
                assert os.fstat(old).st_nlink == 0, os.fstat(old)
                os.pwrite(old, b"still", 0)
                assert os.pread(old, 10, 0) == b"still"
                assert get("old") == b"new"
                os.close(old)

                # Removed: nothing shows that it is open, and all of it works.
                file = os.open("gone", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                os.unlink("gone")
                assert os.listdir(".") == ["old"], os.listdir(".")
                data = os.urandom(1 << 20)
                assert os.write(file, data) == len(data)
                os.fsync(file)
                assert os.pread(file, 2 << 20, 0) == data
                os.ftruncate(file, 1000)
                os.fchmod(file, 0o640)
                status = os.fstat(file)
                assert (status.st_size, status.st_nlink, status.st_mode & 0o777) == (1000, 0, 0o640), status
                put("gone", b"another")
                assert os.pread(file, 2000, 0) == data[:1000]
                os.close(file)
                assert get("gone") == b"another"

                # A directory that is removed while it is open is empty.
                os.mkdir("d")
                directory = os.open("d", os.O_RDONLY)
                os.rmdir("d")
                assert os.listdir(directory) == []
                os.close(directory)

                # Exchanged, and not replaced.
                import ctypes
                libc = ctypes.CDLL(None, use_errno=True)
                def rename(a, b, flags):
                    if libc.renameat2(-100, a, -100, b, flags) != 0: raise OSError(ctypes.get_errno(), "renameat2")
                try:
                    rename(b"old", b"gone", 1)
                    raise SystemExit("RENAME_NOREPLACE replaced")
                except FileExistsError: pass
                rename(b"old", b"gone", 2)
                assert (get("old"), get("gone")) == (b"another", b"new")
                END
                """)
        }
    }
}
