/// Starting the tool once more, in the background.
#ifndef CRINGFUSE_DAEMON_H
#define CRINGFUSE_DAEMON_H

#include <sys/types.h>

/// The variable that tells a program started by `rfuse_spawn_daemon` the number of its descriptor.
#define RFUSE_READY_VARIABLE "RINGFUSE_READY_FD"

/// Starts `program` in a session of its own, with `ready_fd` as the descriptor that RINGFUSE_READY_FD names, standard
/// input and output at /dev/null, and signals as a fresh process has them. Returns the process id, or -errno.
///
/// A process of several threads cannot fork and go on in the child; a new program can.
pid_t rfuse_spawn_daemon(const char *program, char *const arguments[], int ready_fd);

#endif
