/// What a worker needs of its thread.
#ifndef CRINGFUSE_WORKER_H
#define CRINGFUSE_WORKER_H

/// The identity that the calling thread was given, NULL for a thread that is no worker. Swift has no thread-local
/// variables.
void *rfuse_current_worker(void);

/// Gives the calling thread an identity; NULL takes it back.
void rfuse_set_current_worker(void *identity);

/// A new eventfd, close-on-exec and non-blocking; or -errno. Glibc's module map leaves sys/eventfd.h out.
int rfuse_eventfd(void);

/// Makes an eventfd readable.
void rfuse_signal_eventfd(int file);

/// The kernel's number of the calling thread.
int rfuse_thread_id(void);

/// What a thread of this process does: the letter of its state in procfs (R, S, D…), 0 where it is gone. Does not
/// allocate: it is asked again and again.
char rfuse_thread_state(int thread);

#endif
