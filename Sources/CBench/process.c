#include "CBench.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int rbench_ending(pid_t child)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != child) {
        return -1;
    }
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int rbench_run_unmount_helper(const char *helper, const char *mount_point)
{
    char *const words[] = {(char *)helper, "-u", "-z", (char *)mount_point, NULL};
    pid_t child;
    int error = posix_spawn(&child, helper, NULL, NULL, words, environ);
    if (error != 0)
        return -error;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return 0;
}

int rbench_count(pid_t thread, uint64_t tracepoint)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT,
        .size = sizeof(attributes),
        .config = tracepoint,
        .inherit = 1,
    };
    long descriptor = syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return descriptor < 0 ? -errno : (int)descriptor;
}
