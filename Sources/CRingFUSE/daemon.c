#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/// The number of the descriptor in the child: the first after the standard ones.
#define READY_FD 3
#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

/// The environment with one variable more; free it, not what it points to.
static char **environment_with(char *variable)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **result = calloc(count + 2, sizeof *result);
    if (!result)
        return NULL;
    memcpy(result, environ, count * sizeof *result);
    result[count] = variable;
    return result;
}

pid_t rfuse_spawn_daemon(const char *program, char *const arguments[], int ready_fd)
{
    static char variable[] = RFUSE_READY_VARIABLE "=" TEXT(READY_FD);
    char **environment = environment_with(variable);
    if (!environment)
        return -ENOMEM;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    // Where both numbers are the same, this takes close-on-exec away (glibc 2.29).
    posix_spawn_file_actions_adddup2(&actions, ready_fd, READY_FD);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    // What the launcher's caller left open, such as a pipe whose end it waits for, must not live on (glibc 2.34).
    posix_spawn_file_actions_addclosefrom_np(&actions, READY_FD + 1);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t process;
    int error = posix_spawn(&process, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return error ? -error : process;
}
