/// An ext4 file system of the benchmark's own, on an image: what mirrors pass through, and a yardstick itself.
enum Disk {
    /// Room for the files of workloads, beside the many small ones.
    private static let bytes = 4 << 30
    /// The most that making and mounting it may take.
    private static let limit = Duration.seconds(60)

    /// Makes it and mounts it.
    ///
    /// - Parameter files: how many small files it must hold.
    /// - Throws: ``BenchFailure``.
    static func mount(in scratch: Scratch, files: Int) async throws {
        let size = bytes + files * 8192
        // Made whole now, so that the kernel has nothing left to initialise while something is measured.
        _ = try await Child.run(
            [
                "mkfs.ext4", "-q", "-F", "-N", "\(files + 65_536)", "-E",
                "lazy_itable_init=0,lazy_journal_init=0,nodiscard", scratch.image, "\(size >> 10)k",
            ], limit: limit)
        // The loop device goes with the mount.
        _ = try await Child.run(["mount", "-o", "loop", scratch.image, scratch.disk], limit: limit)
    }
}
