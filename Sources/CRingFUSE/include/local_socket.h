/// Sockets of processes of one machine, which know who is at the other end (SO_PEERCRED).
///
/// Errors are returned as negative errno values.
#ifndef CRINGFUSE_LOCAL_SOCKET_H
#define CRINGFUSE_LOCAL_SOCKET_H

#include <sys/types.h>

/// Listens on a path that does not exist yet, with mode 0600. Returns a descriptor; -ENAMETOOLONG for a path that does
/// not fit an address.
int rfuse_local_listen(const char *path);

/// Takes a connection of the same user or of root; closes others with -EPERM. What is sent to it fails after two
/// seconds in which it takes nothing. Returns a descriptor.
int rfuse_local_accept(int listener);

/// Connects; who listens is stored in `peer`. What is read fails after five seconds in which nothing comes. Returns a
/// descriptor.
int rfuse_local_connect(const char *path, uid_t *peer);

#endif
