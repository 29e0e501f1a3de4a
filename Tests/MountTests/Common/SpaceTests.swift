import FileSystems
import RingFUSE
import Testing

extension MountTests {
    /// How full a file system is, and what it says when nothing more fits or nothing may be written.
    @Suite
    struct Space {
        @Test(arguments: Flavor.plain)
        func isTold(_ flavor: Flavor) async throws {
            let ofSource = """
                same "$(stat -f -c '%S %b %c %l' .)" "$(stat -f -c '%S %b %c %l' $OUT/../source)"
                """
            let ofMemory = """
                same "$(df --output=size -B1 . | tail -n1 | tr -d ' ')" \(Flavor.memoryLimit)
                before=$(df --output=used -B1 . | tail -n1)
                head -c 1M /dev/urandom > f
                same $(( $(df --output=used -B1 . | tail -n1) - before )) 1048576
                """
            try await flavor.check(flavor.kind == .mirror ? ofSource : ofMemory)
        }

        @Test(arguments: Way.allCases)
        func runsOut(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 8 << 20)
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(
                    """
                    available() { df --output=avail -B1 . | tail -n1 | tr -d ' '; }
                    at_first="$(available)"
                    for flags in '' oflag=direct; do
                        refuses 'No space left on device' dd if=/dev/zero of=f bs=1M count=16 $flags
                        (( $(available) < 1048576 )) || fail "df still has $(available)"
                        (( $(stat -c %s f) <= 8388608 )) || fail "wrote $(stat -c %s f)"
                        refuses 'No space left on device' dd if=/dev/zero of=g bs=1M count=2 $flags
                        rm -f f g
                        # What nobody has open goes when the kernel has forgotten it, a little later.
                        for try in {1..100}; do [[ "$(available)" == "$at_first" ]] && break; sleep 0.05; done
                        same "$(available)" "$at_first"
                    done
                    refuses 'No space left on device' fallocate -l 9M f
                    rm -f f
                    head -c 4M /dev/urandom > f
                    cp f g
                    cmp f g
                    """)
            }
        }

        @Test(arguments: Way.allCases)
        func runsOutOfNodes(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 8 << 20, nodeLimit: 10)
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(
                    """
                    touch {1..9}
                    refuses 'No space left on device' touch 10
                    refuses 'No space left on device' mkdir d
                    same "$(df --output=iavail . | tail -n1 | tr -d ' ')" 0
                    rm 5
                    for try in {1..100}; do mkdir d 2> /dev/null && break; sleep 0.05; done
                    [[ -d d ]] || fail 'a node that is gone still counts'
                    """)
            }
        }

        @Test(arguments: Flavor.plain)
        func isNotWrittenWhereTheMountIsReadOnly(_ flavor: Flavor) async throws {
            var options = MountOptions()
            options.readOnly = true
            let prepare = { (scratch: Scratch) async throws in
                _ = try await Program.check(script: "echo kept > $OUT/../source/f", scratch: scratch)
            }
            try await flavor.mounted(options: options, prepare: prepare) { session in
                try await session.check(
                    """
                    for command in 'touch new' 'mkdir new' 'ln -s x new' 'chmod 700 .' 'mkfifo new'; do
                        refuses 'Read-only file system' $command
                    done
                    """)
                guard flavor.kind == .mirror else { return }
                try await session.check(
                    """
                    same "$(cat f)" kept
                    for command in 'rm f' 'mv f g' 'truncate -s 0 f' 'chmod 600 f' 'ln f g' 'dd of=f if=/dev/null'; do
                        refuses 'Read-only file system' $command
                    done
                    same "$(cat f)" kept
                    """)
            }
        }
    }
}
