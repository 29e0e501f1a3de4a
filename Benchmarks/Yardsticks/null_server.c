#include "null_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one read of /dev/fuse may bring: the largest write and its headers. */
#define REQUEST_BYTES (NULL_MAX_WRITE_BYTES + 4096u)

static char *guarded_mountpoint; /* NULL: nothing to unmount */
static int guard_pipe = -1;
static pid_t guard_pid;

void null_fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    /* By force first: a thread that waits for an answer of our own could not be ended otherwise. */
    if (guarded_mountpoint != NULL) {
        umount2(guarded_mountpoint, MNT_FORCE | MNT_DETACH);
    }
    _exit(1);
}

bool null_parse_bytes(const char *text, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    const char *unit = *end == '\0' ? "" : strchr("KMGT", *end);
    if (errno != 0 || unit == NULL || (*end != '\0' && end[1] != '\0')) {
        return false;
    }
    unsigned shift = *end == '\0' ? 0 : 10 * (unsigned)(strchr("KMGT", *end) - "KMGT" + 1);
    if (number > (uint64_t)INT64_MAX >> shift) {
        return false;
    }
    *value = number << shift;
    return true;
}

uint64_t null_parse_number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    uint64_t value;
    if (!null_parse_bytes(text, &value) || value < least || value > most) {
        fprintf(stderr, "%s: %s takes a number from %llu to %llu, not '%s'\n", program_invocation_short_name, option,
                (unsigned long long)least, (unsigned long long)most, text);
        exit(2);
    }
    return value;
}

bool null_take_option(int option, const char *value, struct null_fs *fs)
{
    switch (option) {
    case 's': fs->size_bytes = null_parse_number("--size", value, 0, INT64_MAX); return true;
    case 'd': fs->direct = true; return true;
    case 'b': fs->direct = false; return true;
    case 'w': fs->writeback = true; return true;
    case 'm':
        fs->max_background = (uint16_t)null_parse_number("--max-background", value, 1, UINT16_MAX);
        return true;
    default: return false;
    }
}

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

void null_block_signals(void)
{
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void null_wait_for_stop(void)
{
    sigset_t set = stop_signals();
    int number;
    sigwait(&set, &number);
}

void null_request_stop(void)
{
    kill(getpid(), SIGTERM);
}

static _Noreturn void run_guard(int read_end)
{
    char byte;
    ssize_t count;
    setsid(); /* Ctrl-C is for the server */
    null_block_signals();
    do {
        count = read(read_end, &byte, 1);
    } while (count < 0 && errno == EINTR);
    if (count == 0) {
        umount2(guarded_mountpoint, MNT_FORCE | MNT_DETACH);
    }
    _exit(0);
}

void null_guard_mount(const char *mountpoint)
{
    int ends[2];
    char *absolute = realpath(mountpoint, NULL);
    if (absolute == NULL) {
        null_fatal("%s: %s", mountpoint, strerror(errno));
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        null_fatal("pipe: %s", strerror(errno));
    }
    guard_pid = fork();
    if (guard_pid < 0) {
        null_fatal("fork: %s", strerror(errno));
    }
    if (guard_pid == 0) {
        close(ends[1]);
        guarded_mountpoint = absolute;
        /* Whoever reads our output to its end must not wait for the guard. */
        for (int fd = 0; fd < 3; fd++) {
            if (fd != ends[0]) {
                close(fd);
            }
        }
        run_guard(ends[0]);
    }
    close(ends[0]);
    guard_pipe = ends[1];
    free(absolute);
}

void null_guard_release(void)
{
    if (write(guard_pipe, "x", 1) == 1) {
        waitpid(guard_pid, NULL, 0);
    }
    close(guard_pipe);
}

int null_mount(const char *mountpoint, const char *source)
{
    char options[128];
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        null_fatal("/dev/fuse: %s", strerror(errno));
    }
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
    if (mount(source, mountpoint, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        null_fatal("cannot mount on %s: %s%s", mountpoint, strerror(errno),
                   errno == EPERM ? " (this server mounts by itself and must be run as root)" : "");
    }
    guarded_mountpoint = realpath(mountpoint, NULL);
    return device;
}

void null_unmount(const char *mountpoint)
{
    (void)mountpoint;
    if (umount2(guarded_mountpoint, 0) != 0 && errno == EBUSY) {
        umount2(guarded_mountpoint, MNT_FORCE | MNT_DETACH);
    }
}

static void write_reply(int device, uint64_t unique, const struct null_answer *answer, void *payload)
{
    struct fuse_out_header header = {.unique = unique, .error = answer->error};
    struct iovec parts[2] = {
        {.iov_base = &header, .iov_len = sizeof(header)},
        {.iov_base = payload, .iov_len = answer->size_bytes},
    };
    header.len = (uint32_t)(sizeof(header) + answer->size_bytes);
    /* ENOENT: the request was interrupted meanwhile; ENODEV: the next read tells. Neither is ours to mend. */
    if (writev(device, parts, answer->size_bytes > 0 ? 2 : 1) < 0 && errno != ENOENT && errno != ENODEV) {
        null_fatal("reply to request %llu: %s", (unsigned long long)unique, strerror(errno));
    }
}

/* One request, or 0 when the connection has ended. */
static size_t read_request(int device, void *buffer)
{
    for (;;) {
        ssize_t count = read(device, buffer, REQUEST_BYTES);
        if (count >= (ssize_t)sizeof(struct fuse_in_header)) {
            return (size_t)count;
        }
        if (count >= 0) {
            null_fatal("/dev/fuse gave a request of %zd bytes", count);
        }
        if (errno == ENODEV || errno == ECONNABORTED) {
            return 0;
        }
        if (errno != EINTR && errno != EAGAIN && errno != ENOENT) {
            null_fatal("/dev/fuse: %s", strerror(errno));
        }
    }
}

static void *allocate(size_t size_bytes)
{
    void *memory = aligned_alloc(4096, size_bytes);
    if (memory == NULL) {
        null_fatal("out of memory");
    }
    memset(memory, 0, size_bytes); /* real pages: copies from the kernel's one zero page would look too fast */
    return memory;
}

void null_serve_init(int device, uint64_t flags_wanted, const struct null_fs *fs)
{
    char *buffer = allocate(REQUEST_BYTES);
    const struct fuse_in_header *header = (const void *)buffer;
    const struct fuse_init_in *init = (const void *)(buffer + sizeof(*header));
    size_t count = read_request(device, buffer);
    if (count < sizeof(*header) + sizeof(*init) || header->opcode != FUSE_INIT || init->major != FUSE_KERNEL_VERSION) {
        null_fatal("the kernel did not begin with an INIT request this server knows");
    }
    uint64_t offered = init->flags;
    if (offered & FUSE_INIT_EXT) {
        offered |= (uint64_t)init->flags2 << 32;
    }
    if (fs->writeback && !(offered & FUSE_WRITEBACK_CACHE)) {
        null_fatal("this kernel has no writeback cache");
    }
    if ((offered & flags_wanted) != flags_wanted) {
        null_fatal("this kernel does not offer FUSE over io_uring: it takes Linux 6.14, "
                   "and Y in /sys/module/fuse/parameters/enable_uring");
    }
    uint64_t flags = offered & (flags_wanted | FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ASYNC_DIO |
                                FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_ATOMIC_O_TRUNC | FUSE_AUTO_INVAL_DATA |
                                FUSE_INIT_EXT | (fs->writeback ? FUSE_WRITEBACK_CACHE : 0));
    struct fuse_init_out reply = {
        .major = FUSE_KERNEL_VERSION,
        .minor = FUSE_KERNEL_MINOR_VERSION < init->minor ? FUSE_KERNEL_MINOR_VERSION : init->minor,
        .max_readahead = init->max_readahead,
        .flags = (uint32_t)flags,
        .flags2 = (uint32_t)(flags >> 32),
        .max_background = fs->max_background,
        .congestion_threshold = (uint16_t)(fs->max_background * 3u / 4),
        .max_write = NULL_MAX_WRITE_BYTES,
        .max_pages = (uint16_t)(NULL_MAX_WRITE_BYTES / (unsigned)sysconf(_SC_PAGESIZE)),
        .time_gran = 1,
    };
    write_reply(device, header->unique, &(struct null_answer){.size_bytes = sizeof(reply)}, &reply);
    free(buffer);
}

void null_serve_device(int device, const struct null_fs *fs)
{
    char *buffer = allocate(REQUEST_BYTES);
    char *zeros = allocate(NULL_MAX_WRITE_BYTES);
    uint64_t out[NULL_OUT_BYTES / 8];
    size_t count;
    while ((count = read_request(device, buffer)) > 0) {
        const struct fuse_in_header *header = (const void *)buffer;
        const char *body = buffer + sizeof(*header);
        struct null_request request = {
            .header = header, .fixed = body, .name = body, .name_bytes = count - sizeof(*header)};
        struct null_answer answer = null_fs_answer(fs, &request, out);
        if (!answer.silent) {
            write_reply(device, header->unique, &answer, answer.zeros ? (void *)zeros : (void *)out);
        }
    }
    free(zeros);
    free(buffer);
}

void null_ask_mount(const char *mountpoint)
{
    struct statvfs answer;
    if (statvfs(mountpoint, &answer) != 0) {
        null_fatal("the mount on %s does not answer: %s", mountpoint, strerror(errno));
    }
}

void null_say_ready(void)
{
    puts("ready");
    fflush(stdout);
}
