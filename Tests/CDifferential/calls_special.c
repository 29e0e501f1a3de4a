/// Mappings, programs that run, limits.
#include "differential.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define FD(i) ((int)a->n[i])

/// Files may grow to this size from now on; -1: as large as they like.
CALL(limit) { UNUSED; side->file_limit = (rlim_t)a->n[0]; return 0; }

static struct map *map_of(struct side *side, int64_t number)
{
    return number >= 0 && number < MAPS ? &side->maps[number] : NULL;
}

long unmap(struct map *map)
{
    long result = done(munmap(map->address, map->length));
    close(map->file);
    map->address = NULL;
    return result;
}

/// A mapping: its number, a slot, offset, length, protection, flags.
CALL(mmap)
{
    UNUSED;
    struct map *map = map_of(side, a->n[0]);
    if (!map)
        return -EDOM;
    char *address = mmap(NULL, (size_t)a->n[3], (int)a->n[4], (int)a->n[5], FD(1), a->n[2]);
    if (address == MAP_FAILED)
        return -errno;
    if (map->address)
        unmap(map);
    int file = fcntl(FD(1), F_DUPFD_CLOEXEC, 0);
    *map = (struct map){address, (size_t)a->n[3], file, a->n[2], 0};
    return 0;
}

/// The part of a mapping that a step names, or null.
static char *part_of(struct side *side, int64_t number, int64_t offset, size_t length)
{
    struct map *map = map_of(side, number);
    if (!map || !map->address || offset < 0 || length > map->length || (size_t)offset > map->length - length)
        return NULL;
    return map->address + offset;
}

/// How many bytes of a part lie before the end of the file. What programs store behind it, in the file's last page, may
/// stay there or become zero at any time.
static size_t told_of(struct map *map, int64_t offset, size_t length)
{
    struct stat status;
    if (!map->stored || fstat(map->file, &status) < 0)
        return length;
    int64_t left = status.st_size - map->offset - offset;
    return left <= 0 ? 0 : (size_t)left < length ? (size_t)left : length;
}

/// Reads from a mapping. The kernel reads it for us, which answers EFAULT where we would get a signal.
CALL(mload)
{
    UNUSED;
    char *part = part_of(side, a->n[0], a->n[1], (size_t)a->n[2]);
    if (!part)
        return -EDOM;
    int memory = memfd_create("load", MFD_CLOEXEC);
    long result = done(write(memory, part, (size_t)a->n[2]));
    if (result > 0) {
        result = pread(memory, scratch, (size_t)result, 0);
        emit_data(text, scratch, told_of(&side->maps[a->n[0]], a->n[1], (size_t)result));
    }
    close(memory);
    return result;
}
/// Writes to a mapping, in the same way.
CALL(mstore)
{
    UNUSED;
    char *part = part_of(side, a->n[0], a->n[1], a->length);
    if (!part)
        return -EDOM;
    int memory = memfd_create("store", MFD_CLOEXEC);
    long result = done(pwrite(memory, a->data, a->length, 0));
    if (result > 0)
        result = done(pread(memory, part, (size_t)result, 0));
    side->maps[a->n[0]].stored = 1;
    close(memory);
    return result;
}
CALL(msync)
{
    UNUSED;
    struct map *map = map_of(side, a->n[0]);
    return map && map->address ? done(msync(map->address, map->length, (int)a->n[1])) : -EDOM;
}
CALL(munmap)
{
    UNUSED;
    struct map *map = map_of(side, a->n[0]);
    if (!map || !map->address)
        return -EDOM;
    return unmap(map);
}

/// The signal that touching a byte of a mapping (1: writing to it) ends a process with; 0 for none.
CALL(mtouch)
{
    UNUSED;
    volatile char *part = part_of(side, a->n[0], a->n[1], 1);
    if (!part)
        return -EDOM;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (a->n[2])
            *part = 1;
        else
            (void)*part;
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -errno;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/// Copies a program (cat) to a path.
CALL(program)
{
    UNUSED;
    int in = open("/bin/cat", O_RDONLY | O_CLOEXEC);
    int out = open(a->s[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)a->n[0]);
    long result = in < 0 || out < 0 ? -errno : 0;
    while (!result) {
        ssize_t count = read(in, scratch, DATA_SIZE);
        if (count == 0)
            break;
        if (count < 0 || write(out, scratch, (size_t)count) != count)
            result = -errno;
    }
    close(in);
    close(out);
    return result;
}

/// Starts a program with a pipe as its input; 0, or -errno of execve.
static long start(const char *path, pid_t *child, int *input)
{
    int ends[2], report[2];
    int error = 0;
    if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    *child = fork();
    if (*child == 0) {
        char *const words[] = {(char *)path, NULL};
        char *const environment[] = {NULL};
        dup2(ends[0], 0);
        execve(path, words, environment);
        error = errno;
        if (write(report[1], &error, sizeof error) < 0)
            _exit(126);
        _exit(127);
    }
    close(ends[0]);
    close(report[1]);
    ssize_t count = read(report[0], &error, sizeof error);
    close(report[0]);
    *input = ends[1];
    return count == sizeof error ? -error : 0;
}

static long finish(pid_t child, int input)
{
    int status = 0;
    close(input);
    waitpid(child, &status, 0);
    return status;
}

/// Runs a program to its end.
CALL(exec)
{
    UNUSED;
    pid_t child;
    int input;
    long result = start(a->s[0], &child, &input);
    long status = finish(child, input);
    return result < 0 ? result : status;
}

/// Opens a program, or cuts it, while it runs.
CALL(execopen)
{
    UNUSED;
    pid_t child;
    int input;
    long result = start(a->s[0], &child, &input);
    if (!result) {
        int file = open(a->s[0], (int)a->n[0] | O_CLOEXEC);
        result = done(file);
        if (file >= 0) {
            close(file);
            result = 0;
        }
        emit(text, "truncate %ld", done(truncate(a->s[0], 100)));
    }
    finish(child, input);
    return result;
}

const struct call special_calls[] = {
    {"limit", "n", call_limit}, {"mmap", "nFnnnn", call_mmap}, {"mload", "nnn", call_mload},
    {"mstore", "nnb", call_mstore},
    {"msync", "nn", call_msync}, {"munmap", "n", call_munmap}, {"mtouch", "nnn", call_mtouch},
    {"program", "pn", call_program}, {"exec", "p", call_exec}, {"execopen", "pn", call_execopen}, {NULL, NULL, NULL},
};
