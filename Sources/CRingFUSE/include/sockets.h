/// Sockets without io_uring: calls that never wait, and one thread that waits for many sockets (epoll).
///
/// Each returns its result, or -errno. Glibc's module map leaves sys/epoll.h out.
#ifndef CRINGFUSE_SOCKETS_H
#define CRINGFUSE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A socket, close-on-exec, that waits: io_uring leaves one alone that does not.
long rfuse_socket(int domain, int type, int protocol);

/// Sets an option of one int.
long rfuse_set_socket_option(int socket, int level, int option, int value);

/// Ends one direction or both (SHUT_RD, SHUT_WR, SHUT_RDWR).
long rfuse_shut_down_socket(int socket, int how);

// The following never wait: -EAGAIN says that they would have to.

/// Begins to connect; -EINPROGRESS where that takes time. Then wait until the socket can be written to and ask
/// rfuse_socket_error.
long rfuse_try_connect(int socket, const void *address, size_t length);

/// How connecting has ended: 0 or -errno. The socket is made to wait again.
long rfuse_finish_connect(int socket);

long rfuse_try_send(int socket, const void *data, size_t length, int flags);
long rfuse_try_send_two(int socket, const void *data, size_t length, const void *second, size_t second_length,
                        int flags);
long rfuse_try_receive(int socket, void *buffer, size_t length, int flags);

// Waiting for many sockets.

/// One socket that is ready.
struct rfuse_ready_socket {
    int32_t socket;
    bool can_read;
    bool can_write;
};

/// A new epoll instance.
long rfuse_poller(void);

/// Has a poller tell once when a socket can be read from, written to, or has failed; replaces what was asked before.
long rfuse_poller_watch(int poller, int socket, bool reading, bool writing);

/// Waits for up to `count` sockets; a failure counts as ready for both. Returns how many there are.
long rfuse_poller_wait(int poller, struct rfuse_ready_socket *ready, size_t count);

#endif
