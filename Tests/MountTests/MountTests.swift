import Testing

/// Tests on real mounts. One after another: mounts share the machine's few CPUs, and its settings.
@Suite(.serialized, .enabled(if: isRoot, "needs root, to mount"), .timeLimit(.minutes(5 * patience)))
enum MountTests {
    /// Shows as skipped where half of the tests below can't be run.
    @Suite
    struct Machine {
        @Test(.enabled(if: RequireRing.kernelHasIt, "this kernel has no FUSE-over-io_uring"))
        func hasTheRing() throws {
            try RequireRing.now()
        }
    }
}
