import SystemPackage
import Testing

extension MountTests {
    /// `ringfuse store stats`.
    @Suite
    struct StoreStats {
        /// The numbers are those of what was done, in each form; where no volume is mounted, that is said.
        @Test func areToldByTheServer() async throws {
            try await withScratch { scratch in
                _ = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check(
                    StoreTool.volume + """
                        for i in {1..5}; do echo $i > $i; done
                        head -c 5M /dev/urandom > f; sync f
                        same "$(volume stored.bytes)" $((5 << 20))
                        same "$(volume stored.objects) $(volume stored.failed)" "2 0"
                        [ $(volume committed.changes) -ge 6 ]; same "$(volume committed.failed)" 0
                        same "$(volume unwritten.files) $(volume unwritten.bytes)" "0 0"
                        # What was written stays in memory.
                        cat f > /dev/null; same "$(volume fetched.bytes)" 0
                        # Any program that has inherited the file, and ends, would have it committed.
                        python3 - $OUT/held $OUT/seen <<-'END' &
                        	import os, sys, time
                        	file = os.open('g', os.O_WRONLY | os.O_CREAT)
                        	os.write(file, bytes(100000))
                        	open(sys.argv[1], 'w').close()
                        	while not os.path.exists(sys.argv[2]): time.sleep(0.01)
                        END
                        until [ -e $OUT/held ]; do sleep 0.01; done
                        same "$(volume unwritten.files)" 1; [ $(volume unwritten.bytes) -ge 100000 ]
                        touch $OUT/seen; wait
                        """)
                try await StoreTool.end(first)
                let second = try await ServerProcess.start(
                    .store, by: .device, scratch: scratch, options: ["--readahead", "0"])
                try await second.check(
                    """
                    cat f > /dev/null
                    \(ServerProcess.tool) store stats . > $OUT/text; grep -q 'fetched: 5 MiB in .* requests, 0 failed' $OUT/text
                    # It ends with whoever reads it.
                    { \(ServerProcess.tool) store stats --json --watch 1 || true; } | head -n 2 > $OUT/lines
                    same "$(wc -l < $OUT/lines)" 2; grep -q '"cache.bytes":5' $OUT/lines
                    \(ServerProcess.tool) stats . | grep -q 'backend: .*fetched.bytes 5242880'
                    """)
                try await StoreTool.end(second)
            }
        }

        @Test func needAVolume() async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.memory, by: .device, scratch: scratch)
                try await server.check(
                    """
                    refuses 'no volume is mounted there' \(ServerProcess.tool) store stats .
                    \(ServerProcess.tool) store stats
                    """)
                try await StoreTool.end(server)
            }
        }
    }
}
