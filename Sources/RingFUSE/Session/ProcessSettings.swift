internal import CRingFUSE
public import SystemPackage

/// How a process that serves a file system gets and keeps memory.
///
/// A server stands between dirty memory and its release. Should it wait, for a page of its own program or for room that
/// only writing back could make, for what it is itself to write, then both wait for ever. These settings keep it from
/// that.
public enum ProcessSettings {
    /// Marks the calling thread, and the threads and programs that it starts from then on, as those that writeback
    /// waits for (`PR_SET_IO_FLUSHER`): memory that they need is never made by writing other pages back and waiting for
    /// it, and they are not held back for what others have dirtied.
    ///
    /// Threads of a session do it by themselves. Call it early in `main`, so that Swift's own threads, too, are marked.
    ///
    /// - Throws: `EPERM` without `CAP_SYS_RESOURCE`; `EINVAL` before Linux 5.6.
    public static func becomeFlusher() throws(Errno) {
        let error = rfuse_become_io_flusher()
        guard error == 0 else { throw Errno(rawValue: -error) }
    }

    /// Why the calling thread cannot be marked, in half a line; `nil` where it can be, and it is then.
    static var reasonAgainstFlusher: String? {
        do throws(Errno) {
            try becomeFlusher()
            return nil
        } catch .notPermitted {
            return "PR_SET_IO_FLUSHER needs CAP_SYS_RESOURCE"
        } catch {
            return "PR_SET_IO_FLUSHER: \(error)"
        }
    }

    /// Locks the process in memory: all that is mapped now is made present and stays so; what is mapped later stays
    /// from its first use on.
    ///
    /// Buffers of a session are mapped later, and present only with ``SessionConfiguration/populatesBuffers``.
    ///
    /// - Throws: `EPERM` with neither `CAP_IPC_LOCK` nor an unlimited `RLIMIT_MEMLOCK`: a limit that suffices for now
    ///   would let later mappings fail, and many of those failures cannot be survived. `ENOMEM`.
    public static func lockMemory() throws(Errno) {
        let error = rfuse_lock_memory()
        guard error == 0 else { throw Errno(rawValue: -error) }
    }

    /// Lets go of what the start has brought in of the program and its libraries: some 20 MiB, most of them never used
    /// again. What is used comes back from the page cache, a fault for each 64 KiB.
    ///
    /// Not for a process that has locked its memory. A debugger's breakpoints that were set before are lost.
    public static func releaseProgramPages() { rfuse_release_program_pages() }
}
