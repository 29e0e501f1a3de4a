internal import CBench

/// Memory of a virtual machine that its host has to give.
///
/// A host that is told which pages are free (page reporting: mm/page_reporting.c, Linux 5.7) takes them back two seconds
/// later. Who touches such a page first waits for the host: 1.6 to 2.1 ms for each MiB were measured where it is 0.09 otherwise,
/// so that a server which fills a cache of 256 MiB took from 0.09 to 0.7 s for it, by what had run before.
enum HostMemory {
    /// Enough for what a server touches in a run: its buffers, its cache, and the page cache of what it reads.
    private static let most = 1 << 30

    /// Has the host give memory now, so that no contender waits for it. Takes 0.1 s for a GiB that the machine has, and up to
    /// two where it has not; nothing where the kernel does not tell a host what is free.
    static func take() {
        guard ProcFile.read("/sys/module/page_reporting/parameters/page_reporting_order") != nil else { return }
        // No more than leaves the machine's other programs, and its page cache, as they are.
        let bytes = min(most, available / 4)
        if bytes > 0 { _ = rbench_touch(bytes) }
    }

    /// Bytes that can be had without swapping; 0 where the kernel does not say.
    private static var available: Int {
        let line = (ProcFile.read("/proc/meminfo") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("MemAvailable:") }
        let words = line?.split(separator: " ") ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) << 10 : 0
    }
}
