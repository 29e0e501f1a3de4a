#include "system.h"

#include "fuse_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

// MARK: - The FUSE device

int rfuse_clone_device(int fuse_fd)
{
    uint32_t source = (uint32_t)fuse_fd;
    int clone = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (clone < 0)
        return -errno;
    if (ioctl(clone, FUSE_DEV_IOC_CLONE, &source) < 0) {
        int error = errno;
        close(clone);
        return -error;
    }
    return clone;
}

int rfuse_open_backing(int fuse_fd, int fd)
{
    struct fuse_backing_map map = {.fd = fd};
    int id = ioctl(fuse_fd, FUSE_DEV_IOC_BACKING_OPEN, &map);
    return id < 0 ? -errno : id;
}

int rfuse_close_backing(int fuse_fd, int id)
{
    uint32_t value = (uint32_t)id;
    return ioctl(fuse_fd, FUSE_DEV_IOC_BACKING_CLOSE, &value) < 0 ? -errno : 0;
}

int rfuse_probe_backing(int fuse_fd)
{
    int fd = memfd_create("ringfuse", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int id = rfuse_open_backing(fuse_fd, fd);
    close(fd);
    return id < 0 ? id : rfuse_close_backing(fuse_fd, id);
}

// MARK: - Paths

int rfuse_open_path(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/// STATX_MNT_ID_UNIQUE of linux/stat.h; Debian 12's headers are older.
enum { RFUSE_STATX_MNT_ID_UNIQUE = 0x4000 };

int rfuse_unique_mount_id(int fd, uint64_t *id)
{
    struct statx status;
    // Attributes nobody needs are taken from the cache (`fuse_update_get_attr`).
    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, RFUSE_STATX_MNT_ID_UNIQUE, &status) < 0)
        return -errno;
    if (!(status.stx_mask & RFUSE_STATX_MNT_ID_UNIQUE))
        return -ENODATA;
    *id = status.stx_mnt_id;
    return 0;
}

// MARK: - The mount helper

/// The child's descriptor numbers: standard error, and the first one free after it.
enum { ERROR_TARGET = STDERR_FILENO, COMM_TARGET = STDERR_FILENO + 1 };

/// Copies a descriptor out of the way of the child's fixed numbers, so that one dup2 cannot overwrite the other's
/// source.
static int move_up(int fd)
{
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, COMM_TARGET + 1);
}

/// The environment of the helper: ours, with `_FUSE_COMMFD` replaced. Only the array is allocated.
static char **helper_environment(char *comm_variable)
{
    static const char prefix[] = "_FUSE_COMMFD=";
    size_t count = 0, kept = 0;
    while (environ && environ[count])
        count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], prefix, sizeof prefix - 1) != 0)
            copy[kept++] = environ[i];
    if (comm_variable)
        copy[kept] = comm_variable;
    return copy;
}

pid_t rfuse_spawn_helper(const char *program, char *const arguments[], int comm_fd, int error_fd)
{
    pid_t child = -1;
    int comm = move_up(comm_fd), errors = move_up(error_fd), error = 0;
    char variable[32];
    snprintf(variable, sizeof variable, "_FUSE_COMMFD=%d", COMM_TARGET);
    char **environment = helper_environment(comm_fd < 0 ? NULL : variable);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);

    if ((comm_fd >= 0 && comm < 0) || (error_fd >= 0 && errors < 0) || !environment)
        error = errno;
    if (!error && errors >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, errors, ERROR_TARGET);
    if (!error && comm >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, comm, COMM_TARGET);
    // A daemon blocks the signals it serves through a signalfd; a helper that inherited that could not be stopped.
    if (!error)
        error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error)
        error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!error)
        error = posix_spawnp(&child, program, &actions, &attributes, arguments, environment);

    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    if (comm >= 0)
        close(comm);
    if (errors >= 0)
        close(errors);
    return error ? -error : child;
}

int rfuse_receive_descriptor(int socket)
{
    char byte;
    struct iovec vector = {.iov_base = &byte, .iov_len = sizeof byte};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t received;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (received == 0 || !header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len < CMSG_LEN(sizeof(int)))
        return -ENODATA;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

// MARK: - CPUs, memory nodes, threads

/// The most CPUs a Linux kernel can be built for (NR_CPUS).
enum { CPU_LIMIT = 8192 };

int rfuse_set_affinity(pid_t thread, const uint32_t *cpus, size_t count)
{
    cpu_set_t *set = CPU_ALLOC(CPU_LIMIT);
    size_t size = CPU_ALLOC_SIZE(CPU_LIMIT);
    if (!set)
        return -ENOMEM;
    int error = 0;
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < count; i++) {
        if (cpus[i] >= CPU_LIMIT)
            error = EINVAL;
        else
            CPU_SET_S(cpus[i], size, set);
    }
    if (!error && sched_setaffinity(thread, size, set) < 0)
        error = errno;
    CPU_FREE(set);
    return -error;
}

int rfuse_get_affinity(pid_t thread, uint32_t *cpus, size_t capacity)
{
    cpu_set_t *set = CPU_ALLOC(CPU_LIMIT);
    size_t size = CPU_ALLOC_SIZE(CPU_LIMIT), found = 0;
    if (!set)
        return -ENOMEM;
    CPU_ZERO_S(size, set);
    if (sched_getaffinity(thread, size, set) < 0) {
        int error = errno;
        CPU_FREE(set);
        return -error;
    }
    for (uint32_t cpu = 0; cpu < CPU_LIMIT; cpu++) {
        if (!CPU_ISSET_S(cpu, size, set))
            continue;
        if (found < capacity)
            cpus[found] = cpu;
        found++;
    }
    CPU_FREE(set);
    return (int)found;
}

/// MPOL_PREFERRED of linux/mempolicy.h; its header numaif.h belongs to libnuma, which nothing else here needs.
enum { RFUSE_MPOL_PREFERRED = 1, NODE_LIMIT = 1024 };

int rfuse_mbind_preferred(void *address, size_t length, unsigned node)
{
    enum { BITS = 8 * sizeof(unsigned long) };
    unsigned long mask[NODE_LIMIT / BITS] = {0};
    if (node >= NODE_LIMIT)
        return -EINVAL;
    mask[node / BITS] = 1UL << (node % BITS);
    // The kernel takes one bit fewer than maxnode says (get_nodes).
    if (syscall(SYS_mbind, address, length, RFUSE_MPOL_PREFERRED, mask, (unsigned long)NODE_LIMIT + 1, 0UL) < 0)
        return -errno;
    return 0;
}

int rfuse_thread_name(const char *name)
{
    return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? -errno : 0;
}
