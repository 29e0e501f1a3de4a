/// Locks that one has to wait for: another process waits, while lines go on.
#include "differential.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define FD(i) ((int)a->n[i])

/// After how many seconds a process that waits gives up by itself; more than any line may take.
enum { WAITER_SECONDS = 60 };

static long ask(int file, int command, int type, off_t start, off_t length)
{
    if (command == LOCK_SH || command == LOCK_EX)
        return done(flock(file, command));
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return done(fcntl(file, command, &lock));
}

/// What the other process does: takes what it is to hold, asks, and tells what came of it.
static _Noreturn void wait_for_lock(struct arguments *a, int report)
{
    char path[64];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(WAITER_SECONDS);
    snprintf(path, sizeof path, "/proc/self/fd/%d", FD(0));
    // An open file of its own. Those that it has from its parent are the parent's to OFD locks and flock, whose locks
    // would stay when the parent closes them.
    int file = open(path, O_RDWR | O_CLOEXEC);
    long result = done(file);
    for (int number = 0; number < RFUSE_DIFF_SIDES; number++) {
        for (int i = 0; i < RFUSE_DIFF_SLOTS; i++)
            close(sides[number].slots[i]);
        for (int i = 0; i < MAPS; i++)
            if (sides[number].maps[i].address)
                close(sides[number].maps[i].file);
    }
    if (file >= 0 && a->n[6] >= 0)
        result = ask(file, F_SETLK, F_WRLCK, a->n[5], a->n[6]);
    if (result >= 0)
        result = ask(file, (int)a->n[1], (int)a->n[2], a->n[3], a->n[4]);
    _exit(write(report, &result, sizeof result) == sizeof result ? 0 : 1);
}

/// Whether the kernel's table of locks has a process, or an open file, that waits for one on a file.
static int waits(const struct stat *status, pid_t waiter)
{
    char line[256], file[64];
    int found = 0;
    FILE *table = fopen("/proc/locks", "re");
    snprintf(file, sizeof file, "%02x:%02x:%lu", major(status->st_dev), minor(status->st_dev),
             (unsigned long)status->st_ino);
    while (table && !found && fgets(line, sizeof line, table)) {
        char place[64];
        long who;
        // 1: -> POSIX  ADVISORY  WRITE 1234 08:01:567 0 EOF; who waits with an open file is -1.
        found = sscanf(line, "%*s -> %*s %*s %*s %ld %63s", &who, place) == 2 && !strcmp(place, file) &&
                (who == waiter || who == -1);
    }
    if (table)
        fclose(table);
    return found;
}

void end_waiter(struct side *side)
{
    if (!side->waiter)
        return;
    kill(side->waiter, SIGKILL);
    waitpid(side->waiter, NULL, 0);
    close(side->report);
    side->waiter = 0;
}

/// Has another process ask for a lock, and comes back when it waits or has been answered: a slot, whose file it opens
/// anew; the command, or LOCK_EX or LOCK_SH of flock; type, start, length; start and length (-1: none) of a lock that
/// it takes before. Locks must be kept by the kernel, which tells who waits.
CALL(waiter)
{
    int ends[2];
    struct stat status;
    if (side->waiter)
        return -EDOM;
    if (fstat(FD(0), &status) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child == 0)
        wait_for_lock(a, ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -EAGAIN;
    }
    side->waiter = child;
    side->report = ends[0];
    struct pollfd answered = {.fd = ends[0], .events = POLLIN};
    for (;;) {
        int count = poll(&answered, 1, 1);
        if (count < 0)
            return -errno;
        if (count > 0) {
            emit(text, "answered");
            return 0;
        }
        if (waits(&status, child)) {
            emit(text, "waits");
            return 0;
        }
    }
}

/// Sends the other process a signal that it handles.
CALL(interrupt) { UNUSED; return side->waiter ? done(kill(side->waiter, SIGALRM)) : -ESRCH; }

/// What the other process was answered.
CALL(waited)
{
    UNUSED;
    if (!side->waiter)
        return -ESRCH;
    long result = 0;
    ssize_t count = read(side->report, &result, sizeof result);
    if (count != sizeof result)
        emit(text, "no answer: %ld", count < 0 ? done(count) : (long)count);
    end_waiter(side);
    return count == sizeof result ? result : -EDOM;
}

const struct call waiting_calls[] = {
    {"waiter", "Fnnnnnn", call_waiter}, {"interrupt", "", call_interrupt}, {"waited", "", call_waited},
    {NULL, NULL, NULL},
};
