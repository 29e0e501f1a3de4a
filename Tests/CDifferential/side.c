#include "differential.h"

#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>

struct side sides[RFUSE_DIFF_SIDES];
struct outcome last_outcome;
unsigned char *scratch;
volatile int limit_signals;

static void limit_reached(int number)
{
    (void)number;
    limit_signals++;
}

static void nothing(int number)
{
    (void)number;
}

int rfuse_diff_start(void)
{
    // A call that never returns is interrupted.
    struct sigaction alarmed = {.sa_handler = nothing};
    if (sigaction(SIGALRM, &alarmed, NULL) < 0)
        return -errno;
    struct sigaction action = {.sa_handler = limit_reached};
    // Aligned, as direct I/O wants it.
    scratch = aligned_alloc(4096, DATA_SIZE);
    if (!scratch)
        return -ENOMEM;
    signal(SIGPIPE, SIG_IGN);
    // Lines are to be seen as they come, also in a pipe.
    setlinebuf(stdout);
    umask(0);
    return sigaction(SIGXFSZ, &action, NULL) < 0 ? -errno : 0;
}

int rfuse_diff_side(int number, const char *root, const char *read_only, const char *other)
{
    struct side *side = &sides[number];
    if (strlen(root) >= PATH_MAX || strlen(read_only) >= PATH_MAX || strlen(other) >= PATH_MAX)
        return -ENAMETOOLONG;
    strcpy(side->root, root);
    strcpy(side->read_only, read_only);
    strcpy(side->other, other);
    side->directory = -1;
    for (int i = 0; i < RFUSE_DIFF_SLOTS; i++)
        side->slots[i] = -1;
    return 0;
}

int rfuse_diff_begin(int number, const char *name)
{
    struct side *side = &sides[number];
    char path[PATH_MAX + 80], other[PATH_MAX + 16];
    if (strlen(name) >= sizeof side->name)
        return -ENAMETOOLONG;
    strcpy(side->name, name);
    snprintf(path, sizeof path, "%s/%s", side->root, name);
    snprintf(other, sizeof other, "%s/%d", side->other, number);
    if (mkdir(other, 0777) < 0)
        return -errno;
    side->mask = 0;
    side->file_limit = RLIM_INFINITY;
    if (mkdir(path, 0777) < 0)
        return -errno;
    side->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return side->directory < 0 ? -errno : 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path) < 0 ? -errno : 0;
}

int rfuse_diff_end(int number)
{
    struct side *side = &sides[number];
    char path[PATH_MAX + 80];
    end_waiter(side);
    for (int i = 0; i < MAPS; i++)
        if (side->maps[i].address)
            unmap(&side->maps[i]);
    for (int i = 0; i < RFUSE_DIFF_SLOTS; i++) {
        if (side->slots[i] >= 0)
            close(side->slots[i]);
        side->slots[i] = -1;
    }
    if (side->directory >= 0)
        close(side->directory);
    side->directory = -1;
    snprintf(path, sizeof path, "%s/%s", side->root, side->name);
    int result = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    snprintf(path, sizeof path, "%s/%d", side->other, number);
    int others = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    remove_filler(side);
    return result ? result : others;
}

int rfuse_diff_settle(int number)
{
    struct side *side = &sides[number];
    // Not in a tree that has been removed.
    if (chdir("/") < 0)
        return -errno;
    for (int try = 0; try < 2000; try++) {
        struct statvfs room;
        sync();
        if (statvfs(side->root, &room) < 0)
            return -errno;
        if (!side->settled)
            side->settled = room.f_bfree;
        if (room.f_bfree >= side->settled)
            return 0;
        usleep(10000);
    }
    return -ETIMEDOUT;
}

static int64_t nanoseconds(struct statx_timestamp time)
{
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

/// What statx says of a file, or of a descriptor where the path is empty.
static void look(int directory, const char *path, int flags, struct rfuse_diff_node *node)
{
    struct statx status;
    memset(node, 0, sizeof *node);
    if (statx(directory, path, flags, STATX_BASIC_STATS, &status) < 0) {
        node->error = -errno;
        return;
    }
    node->mode = status.stx_mode;
    node->user = status.stx_uid;
    node->group = status.stx_gid;
    node->links = status.stx_nlink;
    node->size = status.stx_size;
    node->inode = status.stx_ino;
    node->blocks = status.stx_blocks;
    node->device = makedev(status.stx_rdev_major, status.stx_rdev_minor);
    node->accessed = nanoseconds(status.stx_atime);
    node->modified = nanoseconds(status.stx_mtime);
    node->changed = nanoseconds(status.stx_ctime);
}

void rfuse_diff_look(int side, const char *path, struct rfuse_diff_node *node)
{
    look(sides[side].directory, path, AT_SYMLINK_NOFOLLOW, node);
}

void rfuse_diff_look_named(int number, const char *word, int follows, struct rfuse_diff_node *node)
{
    char path[STRING_SIZE];
    *node = (struct rfuse_diff_node){.error = -EINVAL};
    if (parse_path(&sides[number], word, path))
        look(sides[number].directory, path, follows ? 0 : AT_SYMLINK_NOFOLLOW, node);
}

int rfuse_diff_open_flags(int side, int slot)
{
    return (int)done(fcntl(sides[side].slots[slot], F_GETFL));
}

int rfuse_diff_is_direct(int flags)
{
    return flags >= 0 && (flags & O_DIRECT) != 0;
}

void rfuse_diff_look_open(int side, int slot, struct rfuse_diff_node *node)
{
    look(sides[side].slots[slot], "", AT_EMPTY_PATH, node);
}

/// What a file holds: its first MiB and its last 64 KiB.
static void hold_content(int file, off_t size, struct text *text)
{
    uint64_t hash = 1;
    const off_t head = 1 << 20, tail = 1 << 16;
    for (int part = 0; part < 2; part++) {
        off_t end = part || size < head ? size : head;
        for (off_t at = !part ? 0 : size > head + tail ? size - tail : head; at < end;) {
            ssize_t count = pread(file, scratch, (size_t)(end - at < DATA_SIZE ? end - at : DATA_SIZE), at);
            if (count <= 0) {
                emit(text, "read at %lld: %ld ", (long long)at, done(count));
                return;
            }
            hash = hash_of(scratch, (size_t)count, hash);
            at += count;
        }
    }
    emit(text, "content %016llx ", (unsigned long long)hash);
}

/// Names and values of extended attributes.
static void hold_extended(const char *path, struct text *text)
{
    char names[4096];
    ssize_t length = llistxattr(path, names, sizeof names);
    char *sorted[64];
    int count = 0;
    if (length < 0)
        emit(text, "attributes %ld ", done(length));
    for (ssize_t at = 0; at < length && count < 64; at += (ssize_t)strlen(names + at) + 1) {
        int place = count++;
        for (; place > 0 && strcmp(sorted[place - 1], names + at) > 0; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = names + at;
    }
    for (int i = 0; i < count; i++) {
        ssize_t size = lgetxattr(path, sorted[i], scratch, 65536);
        emit(text, "%s=", sorted[i]);
        if (size < 0)
            emit(text, "%ld", done(size));
        else
            emit_data(text, scratch, (size_t)size);
        emit(text, " ");
    }
}

int64_t rfuse_diff_hold(int number, const char *path)
{
    struct side *side = &sides[number];
    struct outcome *outcome = &last_outcome;
    struct text text = {outcome->text, 0, sizeof outcome->text};
    struct stat status;
    outcome->text[0] = 0;
    outcome->result = 0;
    if (fchdir(side->directory) < 0 || lstat(path, &status) < 0) {
        return -errno;
    }
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
        int file = open(path, O_RDONLY | O_NOATIME | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0)
            outcome->result = -errno;
        else if (S_ISDIR(status.st_mode))
            outcome->result = emit_listing(&text, file);
        else
            hold_content(file, status.st_size, &text);
        if (file >= 0)
            close(file);
    } else if (S_ISLNK(status.st_mode)) {
        ssize_t length = readlink(path, (char *)scratch, PATH_MAX);
        emit_data(&text, scratch, length < 0 ? 0 : (size_t)length);
    }
    hold_extended(path, &text);
    return outcome->result;
}

const char *rfuse_diff_text(void)
{
    return last_outcome.text;
}

int64_t rfuse_diff_coarse_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

int rfuse_diff_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    return 0;
}

int rfuse_diff_bind_read_only(const char *from, const char *to)
{
    if (mount(from, to, NULL, MS_BIND, NULL) < 0 || mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
        return -errno;
    return 0;
}

int rfuse_diff_mount_other(const char *to)
{
    return mount("other", to, "tmpfs", 0, "mode=0777,size=16m") < 0 ? -errno : 0;
}
