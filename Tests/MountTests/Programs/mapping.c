// Several processes change one file at once, in every way that Linux has, and what must be in it is known all the time.
//
//   mapping race FILE PAGES WRITERS SECONDS SEED MODEL   changes FILE, checks it, and writes to MODEL what it must hold
//   mapping check FILE MODEL                             checks a file, or a copy of it, against MODEL
//
// Each of the first PAGES pages belongs to one writer, which stores through a shared mapping, calls pwrite or punches a
// hole; only it may, so that it knows at any time what it must read, by pread, by the mapping and by O_DIRECT. Readers
// look at all pages: what they read of a page that nobody changed meanwhile must be its content. The pages after those
// belong to a process that cuts the file and lets it grow again. One more calls msync and fsync all the time.
//
// cc -O2 -o mapping mapping.c

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / 8, TAIL = 64, READERS = 2, LARGEST = 1 << 20 };

/// How often a page was changed: started before a change, done after it.
struct version {
    _Atomic uint32_t started, done;
};

/// What has been done, all processes together.
struct totals {
    _Atomic uint64_t stores, writes, holes, checks, reads, cuts, syncs;
};

/// What the processes share.
static struct {
    _Atomic int *stop;
    struct totals *totals;
    struct version *versions;
} shared;

static const char *path;
static uint32_t pages;
static int file, direct_file;
static uint8_t *mapping;
static uint64_t random_state;

static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "mapping: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

static uint64_t mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static uint32_t below(uint32_t limit)
{
    random_state = mix(random_state);
    return (uint32_t)(random_state >> 32) % limit;
}

/// Whether a version of a page is a hole: the first is, and an eighth of the others.
static int is_hole(uint32_t page, uint32_t version)
{
    return version == 0 || mix((uint64_t)page << 32 | version) % 8 == 0;
}

/// What a version of a page holds.
static void make(uint32_t page, uint32_t version, uint64_t *words)
{
    uint64_t base = mix((uint64_t)page << 32 | version);
    int hole = is_hole(page, version);
    for (int i = 0; i < WORDS; i++)
        words[i] = hole ? 0 : base * (2 * (uint64_t)i + 1);
}

/// Compares the first bytes of a page with what one of its versions holds; bytes after those must be zeros.
static void expect(const void *found, uint32_t page, uint32_t version, size_t length, const char *how)
{
    uint64_t wanted[WORDS];
    make(page, version, wanted);
    memset((char *)wanted + length, 0, PAGE - length);
    if (memcmp(found, wanted, PAGE) == 0)
        return;
    size_t at = 0;
    while (((const char *)found)[at] == ((const char *)wanted)[at])
        at++;
    // Which version it is instead tells more than the bytes.
    for (uint32_t other = 0; other < version + 3; other++) {
        uint64_t words[WORDS];
        make(page, other, words);
        if (memcmp(found, words, PAGE) == 0)
            die("page %u by %s: version %u instead of %u", page, how, other, version);
    }
    die("page %u by %s: not version %u, from byte %zu on", page, how, version, at);
}

static void read_page(int from, uint32_t page, void *buffer, const char *how)
{
    ssize_t count = pread(from, buffer, PAGE, (off_t)page * PAGE);
    if (count != PAGE)
        die("pread of page %u by %s: %zd, %s", page, how, count, strerror(errno));
}

/// Reads a page that nobody else changes, in one of the ways there are, and checks it.
static void check_own(uint32_t page, uint32_t version)
{
    static _Alignas(PAGE) uint64_t buffer[WORDS];
    switch (below(8)) {
    case 0:
        read_page(direct_file, page, buffer, "O_DIRECT");
        expect(buffer, page, version, PAGE, "O_DIRECT");
        break;
    case 1 ... 3:
        read_page(file, page, buffer, "pread");
        expect(buffer, page, version, PAGE, "pread");
        break;
    default:
        expect(mapping + (size_t)page * PAGE, page, version, PAGE, "mapping");
    }
    shared.totals->checks++;
}

/// Gives a page its next version.
static void change(uint32_t page)
{
    struct version *state = &shared.versions[page];
    uint32_t next = state->done + 1;
    uint64_t words[WORDS];
    make(page, next, words);
    state->started = next;
    if (is_hole(page, next)) {
        if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page * PAGE, PAGE) < 0)
            die("fallocate: %s", strerror(errno));
        shared.totals->holes++;
    } else if (below(4) == 0) {
        if (pwrite(file, words, PAGE, (off_t)page * PAGE) != PAGE)
            die("pwrite: %s", strerror(errno));
        shared.totals->writes++;
    } else {
        memcpy(mapping + (size_t)page * PAGE, words, PAGE);
        shared.totals->stores++;
    }
    state->done = next;
}

static void write_pages(uint32_t number, uint32_t writers)
{
    while (!*shared.stop) {
        uint32_t page = below(pages / writers) * writers + number;
        check_own(page, shared.versions[page].done);
        change(page);
        check_own(page, shared.versions[page].done);
    }
}

static void read_pages(void)
{
    uint64_t buffer[WORDS];
    while (!*shared.stop) {
        uint32_t page = below(pages);
        uint32_t before = shared.versions[page].done;
        const char *how = below(2) ? "another's pread" : "another's mapping";
        if (how[10] == 'p')
            read_page(file, page, buffer, how);
        else
            memcpy(buffer, mapping + (size_t)page * PAGE, PAGE);
        // What was read between two versions may be of both.
        if (shared.versions[page].started == before)
            expect(buffer, page, before, PAGE, how);
        shared.totals->reads++;
    }
}

static void resize(off_t size)
{
    struct stat status;
    if (ftruncate(file, size) < 0)
        die("ftruncate: %s", strerror(errno));
    if (fstat(file, &status) < 0 || status.st_size != size)
        die("%lld bytes after a cut to %lld", (long long)status.st_size, (long long)size);
}

/// Cuts the pages after the writers' and lets them grow again, with stores in between that may still be dirty.
static void cut_pages(void)
{
    uint64_t buffer[WORDS];
    off_t start = (off_t)pages * PAGE;
    do {
        for (uint32_t count = below(16); count > 0; count--)
            change(pages + below(TAIL));
        uint32_t first = below(TAIL), rest = below(2) ? 0 : below(PAGE);
        resize(start + (off_t)first * PAGE + rest);
        resize(start + (off_t)TAIL * PAGE);
        for (uint32_t page = pages + first; page < pages + TAIL; page++) {
            struct version *state = &shared.versions[page];
            size_t kept = page == pages + first ? rest : 0;
            if (below(2)) {
                read_page(file, page, buffer, "pread after a cut");
                expect(buffer, page, state->done, kept, "pread after a cut");
            } else {
                expect(mapping + (size_t)page * PAGE, page, state->done, kept, "mapping after a cut");
            }
            // Whole again, or a hole for the model, too.
            if (kept > 0)
                change(page);
            else
                while (!is_hole(page, state->done))
                    state->started = ++state->done;
        }
        shared.totals->cuts++;
    } while (!*shared.stop);
}

static void synchronize(void)
{
    while (!*shared.stop) {
        uint32_t first = below(pages), count = 1 + below(pages - first);
        int error = 0;
        switch (below(4)) {
        case 0: error = fsync(file); break;
        case 1: error = fdatasync(file); break;
        case 2: error = msync(mapping + (size_t)first * PAGE, (size_t)count * PAGE, MS_ASYNC); break;
        default: error = msync(mapping + (size_t)first * PAGE, (size_t)count * PAGE, MS_SYNC);
        }
        if (error)
            die("msync or fsync: %s", strerror(errno));
        shared.totals->syncs++;
        usleep(1000 * below(20));
    }
}

static void open_file(int flags)
{
    file = open(path, O_RDWR | flags, 0644);
    direct_file = open(path, O_RDONLY | O_DIRECT);
    if (file < 0 || direct_file < 0)
        die("%s: %s", path, strerror(errno));
    mapping = mmap(NULL, (size_t)(pages + TAIL) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapping == MAP_FAILED)
        die("mmap: %s", strerror(errno));
}

/// Starts process `number`: writers first, then the one that cuts, the one that calls fsync, and readers.
static pid_t start(uint32_t number, uint32_t writers, uint64_t seed)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    random_state = mix(seed + number);
    // Not the descriptors and the mapping of the others.
    open_file(0);
    if (number < writers)
        write_pages(number, writers);
    else if (number == writers)
        cut_pages();
    else if (number == writers + 1)
        synchronize();
    else
        read_pages();
    exit(0);
}

/// Waits for the processes, tells them to stop when the time is up or one has failed, and returns whether all is well.
static int wait_for(int children, int seconds)
{
    int failures = 0, status;
    struct timespec pause = {.tv_nsec = 20000000};
    for (int ticks = seconds * 50; children > 0;) {
        pid_t child = waitpid(-1, &status, *shared.stop ? 0 : WNOHANG);
        if (child > 0) {
            children--;
            if (status != 0) {
                failures++;
                *shared.stop = 1;
                if (WIFSIGNALED(status))
                    fprintf(stderr, "mapping: a process was ended by signal %d\n", WTERMSIG(status));
            }
        } else if (--ticks <= 0) {
            *shared.stop = 1;
        } else {
            nanosleep(&pause, NULL);
        }
    }
    return failures == 0;
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        die("mmap: %s", strerror(errno));
    return memory;
}

/// Checks all pages by one descriptor.
static void check_all(int from, const char *how)
{
    static _Alignas(PAGE) uint64_t buffer[WORDS];
    struct stat status;
    if (fstat(from, &status) < 0 || status.st_size != (off_t)(pages + TAIL) * PAGE)
        die("%s: %lld bytes instead of %u pages", how, (long long)status.st_size, pages + TAIL);
    for (uint32_t page = 0; page < pages + TAIL; page++) {
        read_page(from, page, buffer, how);
        expect(buffer, page, shared.versions[page].done, PAGE, how);
    }
}

static int race(uint32_t writers, int seconds, uint64_t seed, const char *model)
{
    shared.stop = share(sizeof *shared.stop);
    shared.totals = share(sizeof *shared.totals);
    shared.versions = share((pages + TAIL) * sizeof *shared.versions);
    open_file(O_CREAT | O_TRUNC);
    resize((off_t)(pages + TAIL) * PAGE);
    int children = (int)writers + 2 + READERS;
    for (int number = 0; number < children; number++)
        if (start((uint32_t)number, writers, seed) < 0)
            die("fork: %s", strerror(errno));
    if (!wait_for(children, seconds))
        return 1;
    check_all(file, "pread at the end");
    for (uint32_t page = 0; page < pages + TAIL; page++)
        expect(mapping + (size_t)page * PAGE, page, shared.versions[page].done, PAGE, "mapping at the end");
    if (fsync(file) < 0)
        die("fsync: %s", strerror(errno));
    check_all(direct_file, "O_DIRECT at the end");
    FILE *output = fopen(model, "w");
    for (uint32_t page = 0; output && page < pages + TAIL; page++)
        fprintf(output, "%u\n", shared.versions[page].done);
    if (!output || fclose(output) != 0)
        die("%s: %s", model, strerror(errno));
    struct totals *all = shared.totals;
    printf("%llu stores, %llu writes, %llu holes, %llu checks, %llu reads, %llu cuts, %llu syncs\n",
           (unsigned long long)all->stores, (unsigned long long)all->writes, (unsigned long long)all->holes,
           (unsigned long long)all->checks, (unsigned long long)all->reads, (unsigned long long)all->cuts,
           (unsigned long long)all->syncs);
    if (!all->stores || !all->writes || !all->holes || !all->checks || !all->reads || !all->cuts || !all->syncs)
        die("nothing was done in one of the ways: the time was too short");
    return 0;
}

static int check(const char *model)
{
    FILE *input = fopen(model, "r");
    uint32_t *versions = malloc(LARGEST * sizeof *versions), count = 0;
    if (!input || !versions)
        die("%s: %s", model, strerror(errno));
    while (count < LARGEST && fscanf(input, "%u", &versions[count]) == 1)
        count++;
    if (count <= TAIL)
        die("%s: not a model", model);
    pages = count - TAIL;
    shared.versions = share(count * sizeof *shared.versions);
    for (uint32_t page = 0; page < count; page++)
        shared.versions[page].done = versions[page];
    file = open(path, O_RDONLY);
    if (file < 0)
        die("%s: %s", path, strerror(errno));
    check_all(file, "another process");
    printf("%u pages are right\n", count);
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "check") == 0) {
        path = arguments[2];
        return check(arguments[3]);
    }
    if (count != 8 || strcmp(arguments[1], "race") != 0)
        die("usage: race FILE PAGES WRITERS SECONDS SEED MODEL | check FILE MODEL");
    path = arguments[2];
    pages = (uint32_t)strtoul(arguments[3], NULL, 10);
    uint32_t writers = (uint32_t)strtoul(arguments[4], NULL, 10);
    if (writers == 0 || pages < writers || pages > LARGEST - TAIL)
        die("from 1 page a writer to %d pages", LARGEST - TAIL);
    return race(writers, (int)strtol(arguments[5], NULL, 10), strtoull(arguments[6], NULL, 10), arguments[7]);
}
