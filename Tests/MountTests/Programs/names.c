// Reads a directory while names come and go in it, and checks what it is told.
//
//   names DIRECTORY COUNT BUFFER CHANGERS
//
// Makes the directory and COUNT names in it that stay, and some that do not. Then reads it with a buffer of BUFFER bytes while
// so many processes add, rename and remove other names, no name twice. What stays must come exactly once. What was there
// before the reading began and until it had ended must come once, what was gone before must not come, and nothing may come
// twice. After that it seeks back to places that it was at, where what follows must be what followed. Prints a line.
//
// cc -O2 -o names names.c

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// ALIVE: how many names a changer has at a time; MOST: how many it makes at the most; PLACES: how often it is seeked back.
enum { ALIVE = 300, MOST = 1 << 24, PLACES = 200, CHANGERS = 8 };

/// What the kernel gives for a name (struct linux_dirent64).
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type;
    char name[];
};

/// Numbers of a changer's names: those below `made` have been made, those below `removed` have been removed. A step is begun
/// before and ended after the call.
struct progress {
    _Atomic uint64_t making, made, removing, removed;
};

/// A place in the directory, and the first name that stays behind it.
struct place {
    int64_t offset;
    long follower;
};

static struct progress *progress;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "names: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void wrong(const char *what, const char *name)
{
    fprintf(stderr, "names: %s: %s\n", name, what);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/// Adds and removes names until it is killed: each is made as a `new`, and becomes a `late` before it goes.
static _Noreturn void change(int directory, int changer)
{
    struct progress *mine = &progress[changer];
    char name[64], other[64];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        die("prctl");
    for (uint64_t n = 0; n < MOST; n++) {
        snprintf(name, sizeof name, "new-%d-%lu", changer, n);
        mine->making = n + 1;
        if (mknodat(directory, name, S_IFREG | 0600, 0) < 0)
            die(name);
        mine->made = n + 1;
        if (n < ALIVE)
            continue;
        snprintf(name, sizeof name, "new-%d-%lu", changer, n - ALIVE);
        snprintf(other, sizeof other, "late-%d-%lu", changer, n - ALIVE);
        mine->removing = n - ALIVE + 1;
        if (renameat(directory, name, directory, other) < 0)
            die(name);
        mine->removed = n - ALIVE + 1;
        if (unlinkat(directory, other, 0) < 0)
            die(other);
    }
    for (;;)
        pause();
}

/// Marks a bit; whether it was marked.
static int mark(uint8_t *bits, uint64_t number)
{
    uint8_t bit = 1 << number % 8;
    int before = bits[number / 8] & bit;
    bits[number / 8] |= bit;
    return before != 0;
}

/// What a reading has seen.
struct seen {
    uint8_t *staying;
    uint8_t *fresh[CHANGERS];
    uint8_t *late[CHANGERS];
    long dots;
};

/// Notes a name; the number of one that stays, or -1.
static long note(struct seen *seen, const char *name, long count, const struct progress *before)
{
    unsigned changer;
    uint64_t number;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        seen->dots++;
    } else if (sscanf(name, "stay-%lu", &number) == 1 && number < (uint64_t)count) {
        if (mark(seen->staying, number))
            wrong("came twice", name);
        return (long)number;
    } else if (sscanf(name, "new-%u-%lu", &changer, &number) == 2 && changer < CHANGERS && number < MOST) {
        if (number < before[changer].removed)
            wrong("came although it had gone before", name);
        if (mark(seen->fresh[changer], number))
            wrong("came twice", name);
    } else if (sscanf(name, "late-%u-%lu", &changer, &number) == 2 && changer < CHANGERS && number < MOST) {
        if (number + 1 < before[changer].removed)
            wrong("came although it had gone before", name);
        if (mark(seen->late[changer], number))
            wrong("came twice", name);
    } else {
        wrong("nobody made it", name);
    }
    return -1;
}

/// Reads on from where the directory is, and calls `each` for entries until it returns 0 or there is nothing left.
static void read_names(int directory, char *buffer, size_t size, int (*each)(const struct entry *, void *), void *context)
{
    for (;;) {
        long length = syscall(SYS_getdents64, directory, buffer, size);
        if (length < 0)
            die("getdents64");
        if (length == 0)
            return;
        for (char *at = buffer; at < buffer + length; at += ((struct entry *)at)->length)
            if (!each((struct entry *)at, context))
                return;
    }
}

/// Who changes the directory.
struct changers {
    pid_t process[CHANGERS];
    int count;
};

/// How many names have gone.
static uint64_t gone(const struct changers *changers)
{
    uint64_t sum = 0;
    for (int n = 0; n < changers->count; n++)
        sum += progress[n].removed;
    return sum;
}

/// Waits until so many names have gone.
static void await_changes(const struct changers *changers, uint64_t sum)
{
    while (gone(changers) < sum) {
        for (int n = 0; n < changers->count; n++)
            if (waitpid(changers->process[n], NULL, WNOHANG) != 0)
                wrong("a changer has ended", "error");
        usleep(200);
    }
}

/// One reading from the start.
struct reading {
    struct seen seen;
    const struct changers *changers;
    const struct progress *before;
    uint64_t gone;
    struct place *places;
    long count, stays, names, waiting;
    int64_t last;
};

/// Notes an entry, and every so often a place in front of one that stays.
static int take(const struct entry *entry, void *context)
{
    struct reading *reading = context;
    long number = note(&reading->seen, entry->name, reading->count, reading->before);
    if (number >= 0) {
        // Only those that stay: others may have gone by the time it comes back here.
        long gap = reading->count / PLACES + 1;
        if (reading->waiting >= 0)
            reading->places[reading->waiting].follower = number;
        reading->waiting = -1;
        if (reading->stays++ % gap == 0 && reading->stays / gap < PLACES) {
            reading->waiting = reading->stays / gap;
            reading->places[reading->waiting] = (struct place){entry->next, -1};
            // However the processor's time is shared, something changes between here and the next place.
            if (reading->changers->count > 0)
                await_changes(reading->changers, reading->gone + 1);
            reading->gone = gone(reading->changers);
        }
    }
    reading->names++;
    reading->last = entry->next;
    return 1;
}

/// Looks for the first name that stays.
static int find(const struct entry *entry, void *context)
{
    return sscanf(entry->name, "stay-%ld", (long *)context) != 1;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return fprintf(stderr, "usage: names DIRECTORY COUNT BUFFER CHANGERS\n"), 64;
    long count = atol(argv[2]);
    size_t size = (size_t)atol(argv[3]);
    int changing = atoi(argv[4]);
    if (changing > CHANGERS || size < 300)
        return 64;
    progress = mmap(NULL, sizeof *progress * CHANGERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        die("mmap");
    double start = seconds();
    if (mkdir(argv[1], 0700) < 0)
        die(argv[1]);
    int directory = open(argv[1], O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        die(argv[1]);
    char name[64];
    for (long n = 0; n < count; n++) {
        snprintf(name, sizeof name, "stay-%ld", n);
        if (mknodat(directory, name, S_IFREG | 0600, 0) < 0)
            die(name);
    }
    double made = seconds();
    static struct changers changers;
    for (; changers.count < changing; changers.count++) {
        pid_t process = fork();
        if (process < 0)
            die("fork");
        if (process == 0)
            change(directory, changers.count);
        changers.process[changers.count] = process;
    }
    await_changes(&changers, (uint64_t)changing * ALIVE);

    struct progress before[CHANGERS];
    memcpy(before, progress, sizeof before);
    static struct place places[PLACES];
    struct reading reading = {
        .changers = &changers, .before = before, .gone = gone(&changers), .places = places, .count = count, .waiting = -1,
    };
    reading.seen.staying = calloc(1, (size_t)count / 8 + 1);
    for (int n = 0; n < CHANGERS; n++) {
        reading.seen.fresh[n] = calloc(1, MOST / 8);
        reading.seen.late[n] = calloc(1, MOST / 8);
    }
    char *buffer = aligned_alloc(8, size + 8 - size % 8);
    double began = seconds();
    if (lseek(directory, 0, SEEK_SET) < 0)
        die("lseek");
    read_names(directory, buffer, size, take, &reading);
    double ended = seconds();
    struct progress after[CHANGERS];
    memcpy(after, progress, sizeof after);

    if (reading.seen.dots != 2)
        wrong("not once each", ". and ..");
    for (long n = 0; n < count; n++)
        if (!mark(reading.seen.staying, (uint64_t)n))
            return fprintf(stderr, "names: stay-%ld: did not come\n", n), 1;
    uint64_t changes = 0;
    for (int n = 0; n < changers.count; n++) {
        for (uint64_t number = after[n].removing; number < before[n].made; number++)
            if (!mark(reading.seen.fresh[n], number))
                return fprintf(stderr, "names: new-%d-%lu: did not come\n", n, number), 1;
        changes += after[n].removed - before[n].removed;
    }
    long places_found = 0;
    for (int n = 0; n < PLACES; n++) {
        if (places[n].offset == 0 || places[n].follower < 0)
            continue;
        long follower = -1;
        if (lseek(directory, places[n].offset, SEEK_SET) < 0)
            die("lseek");
        read_names(directory, buffer, size, find, &follower);
        if (follower != places[n].follower)
            return fprintf(stderr, "names: at %ld: stay-%ld instead of stay-%ld\n", places[n].offset, follower,
                           places[n].follower), 1;
        places_found++;
    }
    for (int n = 0; n < changers.count; n++) {
        if (waitpid(changers.process[n], NULL, WNOHANG) != 0)
            wrong("a changer has ended", argv[1]);
        kill(changers.process[n], SIGKILL);
        waitpid(changers.process[n], NULL, 0);
    }
    printf("%ld names made in %.1f s, %ld read in %.1f s while %lu went, %ld places found again\n", count, made - start,
           reading.names, ended - began, changes, places_found);
    return 0;
}
