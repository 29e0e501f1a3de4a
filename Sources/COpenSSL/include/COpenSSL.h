/// TLS as a client, with OpenSSL, between memory and memory: who uses it moves the bytes to and from a socket.
///
/// openssl/ssl.h is not part of this header: it is large, and most of what it offers are macros, which do not import
/// into Swift.
#ifndef COPENSSL_H
#define COPENSSL_H

#include "rcrypt.h"

#include <stddef.h>

/// What connections have in common: versions, certificates that are trusted.
struct rtls_context;

/// One connection.
struct rtls_session;

/// Makes a context that verifies servers, with TLS 1.2 or later. `certificates` is a file of certificates to trust;
/// NULL stands for the system's. NULL with `error` filled (NUL-terminated) where that fails.
struct rtls_context *rtls_context_create(const char *certificates, char *error, size_t size);
void rtls_context_destroy(struct rtls_context *context);

/// Begins a connection to `host`, whose certificate has to be for that name or address. NULL without memory.
struct rtls_session *rtls_session_create(struct rtls_context *context, const char *host);
void rtls_session_destroy(struct rtls_session *session);

/// Results of the following besides a count.
enum {
    /// More input is needed; output may have to be sent first.
    RTLS_WANTS_INPUT = -1,
    /// The peer has said that nothing more will come.
    RTLS_END = -2,
    /// rtls_session_error says what has failed.
    RTLS_FAILED = -3,
};

/// Goes on with the handshake: 0 when it is done.
long rtls_handshake(struct rtls_session *session);

/// Takes bytes to be sent; how many were taken.
long rtls_write(struct rtls_session *session, const void *bytes, size_t count);

/// Gives bytes that were received; how many.
long rtls_read(struct rtls_session *session, void *bytes, size_t count);

/// Moves what is to go to the socket; 0 where there is nothing.
size_t rtls_take_output(struct rtls_session *session, void *bytes, size_t count);

/// Adds what has come from the socket. Returns 0, or -1 without memory.
int rtls_give_input(struct rtls_session *session, const void *bytes, size_t count);

/// Writes one line on what has failed.
void rtls_session_error(struct rtls_session *session, char *error, size_t size);

#endif
