/// What a worker needs of its thread.
#ifndef CRINGFUSE_WORKER_H
#define CRINGFUSE_WORKER_H

/// The identity that the calling thread was given, NULL for a thread that is no worker. Swift has no thread-local variables.
void *rfuse_current_worker(void);

/// Gives the calling thread an identity; NULL takes it back.
void rfuse_set_current_worker(void *identity);

/// A new eventfd, close-on-exec and non-blocking; or -errno. Glibc's module map leaves sys/eventfd.h out.
int rfuse_eventfd(void);

#endif
