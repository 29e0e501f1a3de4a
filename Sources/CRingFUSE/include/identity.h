/// On whose behalf a thread acts.
///
/// Each function returns its result, or -errno.
#ifndef CRINGFUSE_IDENTITY_H
#define CRINGFUSE_IDENTITY_H

#include <stdint.h>

/// Takes the file-system user and group of the calling thread; -EPERM, with nothing changed, where it may not.
///
/// With keep_powers the thread keeps what makes it independent of groups that only the caller has: it goes on ignoring
/// permission bits (CAP_DAC_OVERRIDE), keeps set-group-ID bits (CAP_FSETID), and may make device nodes (CAP_MKNOD).
long rfuse_become(uint32_t user, uint32_t group, int keep_powers);
/// Ends rfuse_become. Ends the process where that fails: the thread must never go on as somebody else.
void rfuse_become_again(uint32_t user, uint32_t group);
/// Sets the umask for the calling thread alone, returning the old one; -errno where the thread cannot have its own.
long rfuse_set_thread_umask(unsigned mask);
/// Whether a group is among the supplementary groups of a process, 0 or 1; -errno where that is not to be found out.
long rfuse_process_has_group(uint32_t process, uint32_t group);

#endif
