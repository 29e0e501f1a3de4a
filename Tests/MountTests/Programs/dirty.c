// Makes dirty memory, and checks what has become of it.
//
//   dirty fill FILE MIB map|write SEED     writes content that SEED decides, by a shared mapping or by write()
//   dirty verify FILE MIB SEED             checks it, past the page cache
//   dirty creep FILE MIB COUNTER           maps all pages, says "ready", waits for SIGUSR1, then dirties one after the
//                                          other, and keeps in the file COUNTER (8 bytes) how many it has dirtied
//
// cc -O2 -o dirty dirty.c

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK = 1 << 20, WORDS = CHUNK / 8 };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "dirty: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

/// What a piece of 1 MiB holds.
static void make(uint64_t *words, uint64_t chunk, uint64_t seed)
{
    uint64_t base = mix(seed * 1000003 + chunk + 1);
    for (uint64_t i = 0; i < WORDS; i++)
        words[i] = base * (2 * i + 1);
}

static void *map(int file, size_t size, int flags)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0);
    if (memory == MAP_FAILED)
        die("mmap");
    return memory;
}

static int fill(const char *path, size_t chunks, int mapped, uint64_t seed)
{
    static uint64_t words[WORDS];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || ftruncate(file, (off_t)chunks * CHUNK) < 0)
        die(path);
    uint8_t *memory = mapped ? map(file, chunks * CHUNK, 0) : NULL;
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        make(words, chunk, seed);
        if (memory)
            memcpy(memory + chunk * CHUNK, words, CHUNK);
        else if (pwrite(file, words, CHUNK, (off_t)chunk * CHUNK) != CHUNK)
            die("pwrite");
    }
    if (memory && msync(memory, chunks * CHUNK, MS_SYNC) < 0)
        die("msync");
    if (fsync(file) < 0 || close(file) < 0)
        die("fsync");
    return 0;
}

static int verify(const char *path, size_t chunks, uint64_t seed)
{
    static _Alignas(PAGE) uint64_t found[WORDS];
    static uint64_t words[WORDS];
    int file = open(path, O_RDONLY | O_DIRECT);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0)
        die(path);
    if ((size_t)status.st_size != chunks * CHUNK) {
        fprintf(stderr, "dirty: %s has %lld bytes\n", path, (long long)status.st_size);
        return 1;
    }
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        make(words, chunk, seed);
        if (pread(file, found, CHUNK, (off_t)chunk * CHUNK) != CHUNK)
            die("pread");
        for (size_t i = 0; i < WORDS; i++)
            if (found[i] != words[i]) {
                fprintf(stderr, "dirty: byte %zu of %s is wrong\n", chunk * CHUNK + i * 8, path);
                return 1;
            }
    }
    printf("%zu MiB are right\n", chunks);
    return 0;
}

static int creep(const char *path, size_t chunks, const char *counter_path)
{
    int file = open(path, O_RDWR), counter_file = open(counter_path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || counter_file < 0 || ftruncate(counter_file, PAGE) < 0)
        die(path);
    volatile uint8_t *memory = map(file, chunks * CHUNK, MAP_POPULATE);
    volatile uint64_t *counter = map(counter_file, PAGE, 0);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    // From here on nothing needs the server but what is dirtied: each page is there.
    for (size_t offset = 0; offset < chunks * CHUNK; offset += PAGE)
        (void)memory[offset];
    printf("ready\n");
    fflush(stdout);
    if (sigwaitinfo(&signals, NULL) < 0)
        die("sigwaitinfo");
    for (size_t offset = 0; offset < chunks * CHUNK; offset += PAGE) {
        memory[offset] = 1;
        *counter += 1;
    }
    printf("done\n");
    return 0;
}

int main(int count, char **arguments)
{
    if (count < 5) {
        fprintf(stderr, "usage: see the first lines of dirty.c\n");
        return 64;
    }
    const char *path = arguments[2];
    size_t chunks = strtoul(arguments[3], NULL, 10);
    if (strcmp(arguments[1], "fill") == 0 && count == 6)
        return fill(path, chunks, strcmp(arguments[4], "map") == 0, strtoull(arguments[5], NULL, 10));
    if (strcmp(arguments[1], "verify") == 0)
        return verify(path, chunks, strtoull(arguments[4], NULL, 10));
    if (strcmp(arguments[1], "creep") == 0)
        return creep(path, chunks, arguments[4]);
    return 64;
}
