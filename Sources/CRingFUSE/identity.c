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

/// Gives the calling thread back the powers that taking another user has ended.
static long regain_powers(void) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -(long)errno;
    unsigned wanted = 1u << CAP_DAC_OVERRIDE | 1u << CAP_FSETID | 1u << CAP_MKNOD;
    data[0].effective |= data[0].permitted & wanted;
    return syscall(SYS_capset, &header, data) < 0 ? -(long)errno : 0;
}

long rfuse_become(uint32_t user, uint32_t group, int keep_powers) {
    // Unlike setresuid's wrapper, these change the calling thread alone. They tell errors only when asked again,
    // for which -1 serves: no user has it.
    int old_group = setfsgid(group);
    if ((uint32_t)setfsgid((gid_t)-1) != group) return -EPERM;
    int old_user = setfsuid(user);
    if ((uint32_t)setfsuid((uid_t)-1) != user) {
        setfsgid((gid_t)old_group);
        return -EPERM;
    }
    long value = keep_powers && (uint32_t)old_user != user ? regain_powers() : 0;
    if (value < 0) rfuse_become_again((uint32_t)old_user, (uint32_t)old_group);
    return value;
}

void rfuse_become_again(uint32_t user, uint32_t group) {
    // Back to root, the kernel gives the capabilities of a file system's root back too.
    setfsuid(user);
    setfsgid(group);
    if ((uint32_t)setfsuid((uid_t)-1) != user || (uint32_t)setfsgid((gid_t)-1) != group) abort();
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
