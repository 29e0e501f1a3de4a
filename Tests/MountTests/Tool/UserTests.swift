import SystemPackage
import Testing

extension MountTests {
    /// The tool in the hands of an ordinary user: mounted through fusermount3, served without any privilege.
    @Suite
    struct User {
        /// How the user unmounts.
        enum Broom: String, Sendable, CaseIterable {
            case tool
            case fusermount
            case interrupt

            /// The command.
            var command: String {
                switch self {
                case .tool: "$OUT/ringfuse unmount mount"
                case .fusermount: "fusermount3 -u mount"
                case .interrupt: "kill -INT $server"
                }
            }
        }

        /// What every file system can do for a user.
        private static let plainUse = """
            head -c 3000000 /dev/urandom > data
            mkdir d
            cp data d/copy
            cmp data d/copy
            dd if=data of=direct bs=64K oflag=direct status=none
            dd if=direct bs=4K iflag=direct status=none | cmp - data
            mv d/copy d/moved
            ln -s d/moved link
            cmp link data
            chmod 700 d
            same "$(stat -c '%a %u:%g' d)" '700 65534:65534'
            refuses 'Operation not permitted' chown 0 data
            truncate -s 1M data
            rm direct
            same "$(ls | tr '\\n' ' ')" 'd data link '
            """

        @Test(arguments: Flavor.plain, Broom.allCases)
        func mountsUsesAndUnmounts(_ flavor: Flavor, _ broom: Broom) async throws {
            if flavor.way == .ring { try RequireRing.now() }
            try await withScratch { scratch in
                try await Program.check(
                    script: script(flavor, broom), scratch: scratch, in: scratch.outside, limit: .seconds(30))
            }
        }

        /// A mirror in an ordinary user's hands: what needs no powers works, with locks and calls on whatever is asked
        /// for.
        @Test(arguments: Way.allCases, ["", "--locks source --blocking-source yes"])
        func mirrorsWithoutPowers(_ way: Way, _ options: String) async throws {
            if way == .ring { try RequireRing.now() }
            let use = """
                umask 027
                python3 -c '
                import ctypes, fcntl, os
                fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o666)
                assert ctypes.CDLL(None).linkat(-100, b"/proc/self/fd/%d" % fd, -100, b"named", 0x400) == 0
                fcntl.lockf(fd, fcntl.LOCK_EX)
                fcntl.flock(fd, fcntl.LOCK_EX)'
                same "$(stat -c '%a %u:%g' named)" '640 65534:65534'
                chattr +d named
                lsattr named | grep -q '^[^ ]*d'
                refuses 'Operation not permitted' chattr +i named
                chmod 6750 named
                echo x >> named
                same "$(stat -c '%Z %a' named | cut -d' ' -f2)" 750
                setfacl -m u:1000:r named
                getfacl -cn named | grep -q '^user:1000:r--'
                mkdir d
                setfacl -d -m g::rwx d
                touch d/f
                same "$(stat -c %a d/f)" 660
                refuses 'Operation not permitted' chown 0 named
                mkfifo fifo
                refuses 'Operation not permitted' mknod device c 1 3
                rm -r d fifo named
                """
            try await withScratch { scratch in
                let flavor = Flavor(way: way, kind: .mirror)
                let script = script(flavor, .fusermount, options: options, use: use)
                try await Program.check(script: script, scratch: scratch, in: scratch.outside, limit: .seconds(30))
            }
        }

        /// In a mount namespace where /dev/fuse has the mode that udev gives it, whatever this machine has.
        private func script(_ flavor: Flavor, _ broom: Broom, options: String = "", use: String = plainUse) -> String {
            """
            install -m 755 \(ServerProcess.tool) ringfuse
            mknod fuse c 10 229
            chmod 666 fuse
            chmod 755 ..
            mkdir home home/mount home/source
            chown -R 65534:65534 home
            declare -f fail same refuses > script
            cat >> script <<'END'
            set -euo pipefail
            trap 'echo "failed: $BASH_COMMAND" >&2; cat log >&2' ERR
            cd $OUT/home
            same "$(id -u):$(id -g):$(id -G)" 65534:65534:65534
            $OUT/ringfuse mount \(flavor.kind) \(flavor.kind == .mirror ? "source" : "") mount \\
                --transport \(flavor.way) \(options) > log 2>&1 &
            server=$!
            for try in {1..400}; do grep -q '^unmount:' log && break; sleep 0.02; done
            grep -q '^transport: \(flavor.way == .ring ? "ring" : "/dev/fuse") ' log
            mountpoint -q mount
            cd mount
            \(use)
            cd ..
            \(broom.command)
            wait $server
            if mountpoint -q mount; then fail 'still mounted'; fi
            END
            unshare --mount --propagation private bash -euc '
            mount --bind $OUT/fuse /dev/fuse
            exec setpriv --reuid=65534 --regid=65534 --clear-groups bash $OUT/script'
            """
        }
    }
}
