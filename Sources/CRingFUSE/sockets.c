#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/// Turns the C library's way to report errors into ours.
static long result(long value)
{
    return value < 0 ? -(long)errno : value;
}

long rfuse_socket(int domain, int type, int protocol)
{
    return result(socket(domain, type | SOCK_CLOEXEC, protocol));
}

long rfuse_set_socket_option(int socket, int level, int option, int value)
{
    return result(setsockopt(socket, level, option, &value, sizeof value));
}

long rfuse_shut_down_socket(int socket, int how)
{
    return result(shutdown(socket, how));
}

/// Makes calls on a socket wait, or not.
static int set_waiting(int socket, bool waits)
{
    int flags = fcntl(socket, F_GETFL);
    if (flags < 0)
        return -errno;
    flags = waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return fcntl(socket, F_SETFL, flags) < 0 ? -errno : 0;
}

long rfuse_try_connect(int socket, const void *address, size_t length)
{
    int error = set_waiting(socket, false);
    if (error)
        return error;
    long value = result(connect(socket, address, (socklen_t)length));
    // Connecting goes on after a signal, too.
    if (value == -EINTR)
        value = -EINPROGRESS;
    if (value != -EINPROGRESS)
        error = set_waiting(socket, true);
    return error ? error : value;
}

long rfuse_finish_connect(int socket)
{
    int failure = 0;
    socklen_t size = sizeof failure;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        return -errno;
    int error = set_waiting(socket, true);
    return failure ? -failure : error;
}

/// Repeats a call that a signal has interrupted.
static long retried(ssize_t (*call)(int, struct msghdr *, int), int socket, struct msghdr *message, int flags)
{
    ssize_t value;
    do
        value = call(socket, message, flags | MSG_DONTWAIT);
    while (value < 0 && errno == EINTR);
    return result(value);
}

static ssize_t send_message(int socket, struct msghdr *message, int flags)
{
    return sendmsg(socket, message, flags | MSG_NOSIGNAL);
}

long rfuse_try_send(int socket, const void *data, size_t length, int flags)
{
    return rfuse_try_send_two(socket, data, length, NULL, 0, flags);
}

long rfuse_try_send_two(int socket, const void *data, size_t length, const void *second, size_t second_length,
                        int flags)
{
    struct iovec vector[2] = {{(void *)data, length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
    return retried(send_message, socket, &message, flags);
}

long rfuse_try_receive(int socket, void *buffer, size_t length, int flags)
{
    struct iovec vector = {buffer, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    // Waiting for all is what the caller does.
    return retried(recvmsg, socket, &message, flags & ~MSG_WAITALL);
}

long rfuse_poller(void)
{
    return result(epoll_create1(EPOLL_CLOEXEC));
}

long rfuse_poller_watch(int poller, int socket, bool reading, bool writing)
{
    struct epoll_event event = {.data.fd = socket};
    event.events = EPOLLONESHOT | (reading ? EPOLLIN | EPOLLRDHUP : 0) | (writing ? EPOLLOUT : 0);
    if (epoll_ctl(poller, EPOLL_CTL_MOD, socket, &event) == 0)
        return 0;
    // A socket that was closed has left the poller; its number may be another socket's by now.
    if (errno != ENOENT)
        return -errno;
    return result(epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event));
}

long rfuse_poller_wait(int poller, struct rfuse_ready_socket *ready, size_t count)
{
    struct epoll_event events[64];
    int limit = count < 64 ? (int)count : 64;
    int found;
    do
        found = epoll_wait(poller, events, limit, -1);
    while (found < 0 && errno == EINTR);
    for (int index = 0; index < found; index++) {
        uint32_t happened = events[index].events;
        bool failed = (happened & (EPOLLERR | EPOLLHUP)) != 0;
        ready[index] = (struct rfuse_ready_socket){
            .socket = events[index].data.fd,
            .can_read = failed || (happened & (EPOLLIN | EPOLLRDHUP)) != 0,
            .can_write = failed || (happened & EPOLLOUT) != 0,
        };
    }
    return result(found);
}
