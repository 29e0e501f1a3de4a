#include "identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Bits of the first 32 capabilities and of the second.
struct powers {
    uint32_t low, high;
};

/// What a thread gives up, by what it is to do as somebody else; see the header for what it keeps, and why.
static const struct powers given_up[] = {
    [RFUSE_MAKES] = {
        .low = 1u << CAP_CHOWN | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_LINUX_IMMUTABLE
            | 1u << CAP_SYS_RESOURCE,
        .high = 1u << (CAP_MAC_OVERRIDE - 32),
    },
    [RFUSE_FILLS] = { .low = 1u << CAP_SYS_RESOURCE },
};

/// Reads or writes (command) the capabilities of the calling thread.
static long capabilities(long command, struct __user_cap_data_struct data[2]) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    return syscall(command, &header, data) < 0 ? -(long)errno : 0;
}

/// Takes a file-system group and user, in this order: to give up a user takes away the right to take a group.
static long take(uint32_t user, uint32_t group, uint32_t old_group) {
    // Unlike setresuid's wrapper, these change the calling thread alone. They tell errors only when asked again,
    // for which -1 serves: no user has it.
    setfsgid(group);
    if ((uint32_t)setfsgid((gid_t)-1) != group) return -EPERM;
    setfsuid(user);
    if ((uint32_t)setfsuid((uid_t)-1) == user) return 0;
    setfsgid(old_group);
    return -EPERM;
}

long rfuse_become(uint32_t user, uint32_t group, enum rfuse_deed deed, struct rfuse_identity *own) {
    *own = (struct rfuse_identity){
        .user = (uint32_t)setfsuid((uid_t)-1),
        .group = (uint32_t)setfsgid((gid_t)-1),
        .restores_powers = 0,
    };
    struct __user_cap_data_struct data[2];
    // As the user that it is the thread stays as powerful as that user is.
    int limits_powers = deed != RFUSE_ASKS && user != own->user;
    if (limits_powers) {
        long value = capabilities(SYS_capget, data);
        if (value < 0) return value;
        own->powers[0] = data[0].effective;
        own->powers[1] = data[1].effective;
    }
    long value = take(user, group, own->group);
    if (value < 0 || !limits_powers) return value;
    // The kernel has ended some powers with the user (`cap_drop_fs_set`): all that are kept are told anew.
    data[0].effective = own->powers[0] & ~given_up[deed].low;
    data[1].effective = own->powers[1] & ~given_up[deed].high;
    own->restores_powers = 1;
    value = capabilities(SYS_capset, data);
    if (value < 0) rfuse_become_again(own);
    return value;
}

void rfuse_become_again(const struct rfuse_identity *own) {
    // Back to root, the kernel gives the powers over files that root has back too, but no others.
    setfsuid(own->user);
    setfsgid(own->group);
    if ((uint32_t)setfsuid((uid_t)-1) != own->user || (uint32_t)setfsgid((gid_t)-1) != own->group) abort();
    if (!own->restores_powers) return;
    struct __user_cap_data_struct data[2];
    if (capabilities(SYS_capget, data) < 0) abort();
    data[0].effective = own->powers[0];
    data[1].effective = own->powers[1];
    if (capabilities(SYS_capset, data) < 0) abort();
}

long rfuse_set_thread_umask(unsigned mask) {
    // Threads share a umask (and the working directory) until one of them says otherwise.
    static _Thread_local int own;
    if (!own) {
        if (unshare(CLONE_FS) < 0) return -(long)errno;
        own = 1;
    }
    return umask((mode_t)mask);
}

long rfuse_process_has_group(uint32_t process, uint32_t group) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/status", process);
    FILE *file = fopen(path, "re");
    if (!file) return -(long)errno;
    char *line = NULL;
    size_t capacity = 0;
    long found = -ENOENT;
    while (getline(&line, &capacity, file) > 0) {
        if (strncmp(line, "Groups:", 7) != 0) continue;
        found = 0;
        char *rest = line + 7, *end;
        for (unsigned long number = strtoul(rest, &end, 10); end != rest; number = strtoul(rest, &end, 10)) {
            if (number == group) found = 1;
            rest = end;
        }
        break;
    }
    free(line);
    fclose(file);
    return found;
}
