#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// What a shell answers for a program that cannot be started.
enum { NOT_STARTED = 127 };

int rfuse_test_memory_file(void)
{
    int file = memfd_create("output", MFD_CLOEXEC);
    return file < 0 ? -errno : file;
}

/// The child's part: only calls that are safe after a fork in a process with threads.
static void become(char *const arguments[], const char *directory, int output, pid_t parent)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGHUP};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() != parent || input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(NOT_STARTED);
    if (directory && chdir(directory) < 0)
        _exit(NOT_STARTED);
    execvp(arguments[0], arguments);
    _exit(NOT_STARTED);
}

pid_t rfuse_test_spawn(char *const arguments[], const char *directory, int output)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become(arguments, directory, output, parent);
    return child < 0 ? -errno : child;
}

int rfuse_test_wait(pid_t child, int milliseconds)
{
    int file = (int)syscall(SYS_pidfd_open, child, 0);
    if (file < 0)
        return -errno;
    struct pollfd polled = {.fd = file, .events = POLLIN};
    int count;
    do
        count = poll(&polled, 1, milliseconds);
    while (count < 0 && errno == EINTR);
    int error = errno;
    close(file);
    return count < 0 ? -error : count;
}

int rfuse_test_reap(pid_t child, int *exit_code, int *signal_number)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -errno;
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 0;
}
