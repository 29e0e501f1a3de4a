#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Of linux/mount.h and the system call tables, which are the same on all architectures here; older headers lack them.
enum {
    OPEN_TREE = 428,
    MOVE_MOUNT = 429,
    MOUNT_SETATTR = 442,
    OPEN_TREE_CLONE_FLAG = 1,
    MOVE_MOUNT_EMPTY_PATH = 4,
    IDMAP = 0x100000,
};

struct mount_attributes {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t user_namespace;
};

static int write_map(pid_t child, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return result;
}

/// Opens a user namespace with a map: that of a child, which ends once it has been opened.
static int open_namespace(unsigned inside, unsigned outside, unsigned count)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        char result = unshare(CLONE_NEWUSER) == 0 ? 0 : (char)errno;
        (void)!write(ready[1], &result, 1);
        pause();
        _exit(0);
    }
    char result = EPIPE;
    (void)!read(ready[0], &result, 1);
    close(ready[0]);
    close(ready[1]);
    int fd = -result;
    char text[64];
    snprintf(text, sizeof text, "%u %u %u\n", inside, outside, count);
    if (fd == 0)
        fd = write_map(child, "uid_map", text);
    if (fd == 0)
        fd = write_map(child, "gid_map", text);
    if (fd == 0) {
        snprintf(text, sizeof text, "/proc/%d/ns/user", (int)child);
        fd = open(text, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            fd = -errno;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return fd;
}

int rfuse_test_bind_mapped(const char *source, const char *target, unsigned inside, unsigned outside, unsigned count)
{
    int namespace = open_namespace(inside, outside, count);
    if (namespace < 0)
        return namespace;
    int result = 0;
    int tree = (int)syscall(OPEN_TREE, AT_FDCWD, source, OPEN_TREE_CLONE_FLAG | O_CLOEXEC);
    struct mount_attributes attributes = {.set = IDMAP, .user_namespace = (uint64_t)namespace};
    if (tree < 0 || syscall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0 ||
        syscall(MOVE_MOUNT, tree, "", AT_FDCWD, target, MOVE_MOUNT_EMPTY_PATH) < 0)
        result = -errno;
    if (tree >= 0)
        close(tree);
    close(namespace);
    return result;
}
