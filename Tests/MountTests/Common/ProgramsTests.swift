import Testing

extension MountTests {
    /// Larger programs, which do many things at once.
    @Suite
    struct Programs {
        @Test(arguments: Flavor.all)
        func tarPacksAndUnpacksATree(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                tar -C $REPO -cf sources.tar Sources Tests
                mkdir out
                tar -C out -xf sources.tar
                diff -r $REPO/Sources out/Sources
                diff -r $REPO/Tests out/Tests
                # Modes, owners and times, too.
                tar -C out -df sources.tar
                tar -C out -cf - Sources Tests | tar -C $OUT -xf -
                diff -r $REPO/Sources $OUT/Sources
                cp -a out copy
                diff -r out copy
                same "$(find copy | wc -l)" "$(find out | wc -l)"
                rm -r out copy
                same "$(ls)" sources.tar
                """)
        }

        @Test(arguments: Flavor.all)
        func gitKeepsARepository(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                git() {
                    command git -c user.name=test -c user.email=test@localhost -c maintenance.auto=false \\
                        -c gc.auto=0 "$@"
                }
                git init -q -b main one
                cp -r $REPO/Sources one
                cd one
                git add -A
                git commit -q -m 'The sources'
                same "$(git status --porcelain)" ''
                echo changed >> Sources/RingFUSE/Session/Session.swift
                git rm -q -r Sources/FileSystems
                git mv Sources/Ring Sources/Rung
                git commit -q -a -m 'A change'
                git gc -q --aggressive --prune=now
                git fsck --strict --full
                same "$(git count-objects -v | grep '^count')" 'count: 0'
                cd ..
                git clone -q --no-local one two
                git -C two fsck --strict
                diff -r one/Sources two/Sources
                git -C two checkout -q HEAD~1
                diff -r $REPO/Sources two/Sources
                same "$(git -C two status --porcelain)" ''
                """)
        }

        @Test(arguments: Flavor.all)
        func sqliteKeepsADatabase(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                transactions() {
                    for number in $(seq $1 $2); do
                        echo "BEGIN; INSERT INTO t VALUES ($number, hex(randomblob(200)));"
                        echo "UPDATE t SET text = 'changed' WHERE number = $((number / 2)); COMMIT;"
                    done
                }
                sqlite3 -bail db 'CREATE TABLE t (number INTEGER PRIMARY KEY, text TEXT); CREATE INDEX i ON t (text);'
                transactions 1 400 | sqlite3 -bail db
                same "$(sqlite3 db 'PRAGMA integrity_check')" ok
                # The write-ahead log needs shared memory, mapped from the mount.
                same "$(sqlite3 db 'PRAGMA journal_mode=WAL')" wal
                for first in 401 451; do
                    transactions $first $((first + 49)) | sqlite3 -bail -cmd '.timeout 20000' db & jobs[first]=$!
                done
                for job in ${jobs[@]}; do wait $job; done
                same "$(sqlite3 db 'PRAGMA integrity_check')" ok
                same "$(sqlite3 db 'SELECT count(*) FROM t')" 500
                printf 'BEGIN; DELETE FROM t; ROLLBACK;' | sqlite3 -bail db
                same "$(sqlite3 db "SELECT count(*) FROM t WHERE text = 'changed'")" 250
                """)
        }

        @Test(arguments: Flavor.all)
        func manyRunAtOnce(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                work() {
                    mkdir $1
                    head -c 500000 /dev/urandom > $1/data
                    for round in {1..15}; do
                        cp $1/data $1/copy-$round
                        dd if=$1/copy-$round bs=64K iflag=direct status=none | cmp - $1/data
                        mv $1/copy-$round $1/moved
                    done
                    same "$(ls $1 | tr '\\n' ' ')" 'data moved '
                    rm -r $1
                }
                for number in {1..6}; do work w$number & jobs[number]=$!; done
                for job in ${jobs[@]}; do wait $job; done
                same "$(ls -A)" ''
                """)
        }
    }
}
