#include "differential.h"

#include <linux/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/// After how many seconds a call that has not returned is interrupted.
enum { STEP_SECONDS = 20 };

/// Whom lines can name. The superuser is who runs lines that name nobody.
static const struct user {
    const char *name;
    uid_t user;
    gid_t group;
    int count;
    gid_t groups[2];
} users[] = {
    {"root", 0, 0, 0, {0}},
    {"alice", 1001, 1001, 2, {1001, 2000}},
    {"bob", 1002, 1002, 0, {0}},
    {"carol", 1003, 1003, 1, {1001}},
};

/// A line, taken apart.
struct step {
    const struct user *user;
    int in_child;
    const struct call *call;
    struct arguments arguments;
    /// The slot that the call fills or closes; -1 for none.
    int filled;
    int closed;
};

static const struct call *const tables[] = {
    name_calls, file_calls, attribute_calls, extended_calls, special_calls, waiting_calls, limit_calls,
};

const struct call *call_at(int index)
{
    for (size_t table = 0; table < sizeof tables / sizeof tables[0]; table++)
        for (const struct call *call = tables[table]; call->name; call++)
            if (index-- == 0)
                return call;
    return NULL;
}

const char *rfuse_diff_call_name(int index)
{
    const struct call *call = call_at(index);
    return call ? call->name : NULL;
}

const char *rfuse_diff_call_signature(int index)
{
    const struct call *call = call_at(index);
    return call ? call->signature : NULL;
}

/// One argument, of the kind that the signature has for it.
static int parse_argument(struct side *side, char kind, const char *word, struct step *step, int *numbers, int *strings)
{
    static char room[STRINGS][STRING_SIZE];
    struct arguments *a = &step->arguments;
    int64_t value = 0;
    if (kind == 'b')
        return parse_data(word, a);
    if (kind == 'p') {
        a->s[*strings] = room[*strings];
        return parse_path(side, word, room[(*strings)++]);
    }
    if (kind == 'D' && !strcmp(word, ".")) {
        a->n[(*numbers)++] = AT_FDCWD;
        return 1;
    }
    if (!parse_number(word, &value))
        return 0;
    if (kind == 'n') {
        a->n[(*numbers)++] = value;
        return 1;
    }
    if (value < 0 || value >= RFUSE_DIFF_SLOTS)
        return 0;
    if (kind == 'S')
        step->filled = (int)value;
    else
        a->n[(*numbers)++] = side->slots[value];
    if (kind == 'C')
        step->closed = (int)value;
    return 1;
}

/// Takes a line apart; 0 where it means nothing.
static int parse(struct side *side, char *line, struct step *step)
{
    // Aligned, as direct I/O wants it.
    static _Alignas(4096) unsigned char data[DATA_SIZE];
    char *rest, *word = strtok_r(line, " ", &rest);
    *step = (struct step){.user = &users[0], .filled = -1, .closed = -1, .arguments.data = data};
    if (word && !strcmp(word, "child")) {
        step->in_child = 1;
        word = strtok_r(NULL, " ", &rest);
    }
    for (size_t i = 0; word && i < sizeof users / sizeof users[0]; i++) {
        if (!strcmp(word, users[i].name)) {
            step->user = &users[i];
            word = strtok_r(NULL, " ", &rest);
            break;
        }
    }
    for (int i = 0; word && (step->call = call_at(i)) && strcmp(word, step->call->name); i++) {
    }
    if (!word || !step->call)
        return 0;
    int numbers = 0, strings = 0;
    for (const char *kind = step->call->signature; *kind; kind++) {
        word = strtok_r(NULL, " ", &rest);
        if (!word || !parse_argument(side, *kind, word, step, &numbers, &strings))
            return 0;
    }
    return !strtok_r(NULL, " ", &rest);
}

/// Makes the one thread of the process another user, whose saved user stays 0, so that there is a way back.
static int become(const struct user *user)
{
    if (syscall(SYS_setgroups, user->count, user->groups) < 0 ||
        syscall(SYS_setresgid, user->group, user->group, 0) < 0 ||
        syscall(SYS_setresuid, user->user, user->user, 0) < 0)
        return -errno;
    return 0;
}

static void become_root_again(void)
{
    // The user first: only the superuser may do the rest.
    syscall(SYS_setresuid, 0, 0, 0);
    syscall(SYS_setresgid, 0, 0, 0);
    syscall(SYS_setgroups, 0, NULL);
}

static void set_file_limit(rlim_t soft)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = soft;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/// Runs a step as its user, with the side's mask and limit.
static long run_as_user(struct side *side, struct step *step, struct text *text)
{
    int before = limit_signals;
    if (side->file_limit != RLIM_INFINITY)
        set_file_limit(side->file_limit);
    umask(side->mask);
    long result = become(step->user);
    if (!result)
        result = step->call->run(side, &step->arguments, text);
    become_root_again();
    umask(0);
    set_file_limit(RLIM_INFINITY);
    if (limit_signals != before)
        emit(text, " SIGXFSZ");
    return result;
}

/// Runs a step in another process, which has locks and descriptors of its own.
static long run_in_child(struct side *side, struct step *step, struct text *text)
{
    size_t size = sizeof(struct outcome);
    struct outcome *shared =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        struct text own = {shared->text, 0, sizeof shared->text};
        alarm(STEP_SECONDS);
        shared->result = run_as_user(side, step, &own);
        _exit(0);
    }
    int status = 0;
    if (child > 0)
        waitpid(child, &status, 0);
    long result = child < 0 ? -errno : shared->result;
    emit(text, "%s", shared->text);
    if (status)
        emit(text, " ended with status %d", status);
    munmap(shared, size);
    return result;
}

int64_t rfuse_diff_run(int number, const char *line)
{
    struct side *side = &sides[number];
    struct outcome *outcome = &last_outcome;
    struct text text = {outcome->text, 0, sizeof outcome->text};
    struct step step;
    char copy[STRING_SIZE];
    outcome->text[0] = 0;
    if (strlen(line) >= sizeof copy)
        return RFUSE_DIFF_MALFORMED;
    strcpy(copy, line);
    if (!parse(side, copy, &step)) {
        emit(&text, "not understood: %s", line);
        return RFUSE_DIFF_MALFORMED;
    }
    if (fchdir(side->directory) < 0)
        return -errno;
    alarm(STEP_SECONDS);
    long result = step.in_child ? run_in_child(side, &step, &text) : run_as_user(side, &step, &text);
    alarm(0);
    if (step.closed >= 0)
        side->slots[step.closed] = -1;
    if (step.filled >= 0 && result >= 0) {
        if (step.in_child) {
            result = 0;
        } else {
            if (side->slots[step.filled] >= 0)
                close(side->slots[step.filled]);
            side->slots[step.filled] = (int)result;
            result = 0;
        }
    }
    outcome->result = result;
    return result;
}
