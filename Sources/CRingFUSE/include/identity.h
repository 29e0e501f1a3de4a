/// On whose behalf a thread acts.
///
/// Each function returns its result, or -errno.
#ifndef CRINGFUSE_IDENTITY_H
#define CRINGFUSE_IDENTITY_H

#include <stdint.h>

/// What a thread does as somebody else, and so what it keeps of its own powers.
enum rfuse_deed {
    /// It asks what the other may: nothing but what the kernel leaves.
    RFUSE_ASKS,
    /// It makes files: what makes it independent of groups that only the caller has. It goes on ignoring permission
    /// bits (CAP_DAC_OVERRIDE), keeps set-group-ID bits (CAP_FSETID), and may make device nodes (CAP_MKNOD). It does
    /// not exceed quotas (CAP_SYS_RESOURCE).
    RFUSE_MAKES,
    /// It takes room in what is there already: all that it has, but for exceeding quotas (CAP_SYS_RESOURCE). Blocks
    /// that are reserved for a user, mostly root, are that user's by name.
    RFUSE_FILLS,
};

/// Who a thread is by itself.
struct rfuse_identity {
    uint32_t user, group;
    /// Its effective capabilities, where these are to be restored.
    uint32_t powers[2];
    int restores_powers;
};

/// Takes the file-system user and group of the calling thread; -EPERM, with nothing changed, where it may not.
long rfuse_become(uint32_t user, uint32_t group, enum rfuse_deed deed, struct rfuse_identity *own);
/// Ends rfuse_become. Ends the process where that fails: the thread must never go on as somebody else.
void rfuse_become_again(const struct rfuse_identity *own);
/// Sets the umask for the calling thread alone, returning the old one; -errno where the thread cannot have its own.
long rfuse_set_thread_umask(unsigned mask);
/// Whether a group is among the supplementary groups of a process, 0 or 1; -errno where that is not to be found out.
long rfuse_process_has_group(uint32_t process, uint32_t group);

#endif
