#include "local_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/// Closes a socket and returns the errno of what failed before.
static int fail(int socket)
{
    int error = errno;
    close(socket);
    return -error;
}

/// A socket, and the address of a path.
static int make(const char *path, struct sockaddr_un *address)
{
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path)
        return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length + 1);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return made < 0 ? -errno : made;
}

/// Who is at the other end.
static int peer_of(int socket, uid_t *peer)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -1;
    *peer = credentials.uid;
    return 0;
}

int rfuse_local_listen(const char *path)
{
    struct sockaddr_un address;
    int listener = make(path, &address);
    if (listener < 0)
        return listener;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        return fail(listener);
    // Before anybody can connect: nobody can until it listens.
    if (chmod(path, S_IRUSR | S_IWUSR) < 0 || listen(listener, 16) < 0) {
        int error = errno;
        unlink(path);
        errno = error;
        return fail(listener);
    }
    return listener;
}

int rfuse_local_accept(int listener)
{
    struct timeval limit = {.tv_sec = 2};
    uid_t peer;
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (accepted < 0)
        return -errno;
    if (peer_of(accepted, &peer) < 0)
        return fail(accepted);
    if (peer != 0 && peer != geteuid()) {
        errno = EPERM;
        return fail(accepted);
    }
    if (setsockopt(accepted, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
        return fail(accepted);
    return accepted;
}

int rfuse_local_connect(const char *path, uid_t *peer)
{
    struct timeval limit = {.tv_sec = 5};
    struct sockaddr_un address;
    int connected = make(path, &address);
    if (connected < 0)
        return connected;
    // The limits come first: connecting waits, too, where the other side's queue is full.
    if (setsockopt(connected, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(connected, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        connect(connected, (struct sockaddr *)&address, sizeof address) < 0 || peer_of(connected, peer) < 0)
        return fail(connected);
    return connected;
}
