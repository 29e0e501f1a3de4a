#include "COpenSSL.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rtls_context {
    SSL_CTX *ssl;
};

struct rtls_session {
    SSL *ssl;
    /// From the socket, and to it; the session owns both.
    BIO *input;
    BIO *output;
};

/// Writes the oldest error of this thread, and forgets all.
static void take_error(char *error, size_t size)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(error, size, "%s", reason ? reason : "unknown error");
    ERR_clear_error();
}

struct rtls_context *rtls_context_create(const char *certificates, char *error, size_t size)
{
    struct rtls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        snprintf(error, size, "no memory");
        return NULL;
    }
    ERR_clear_error();
    context->ssl = SSL_CTX_new(TLS_client_method());
    int loaded = 0;
    if (context->ssl != NULL) {
        SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
        SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_mode(context->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                           SSL_MODE_RELEASE_BUFFERS);
        loaded = certificates ? SSL_CTX_load_verify_file(context->ssl, certificates)
                              : SSL_CTX_set_default_verify_paths(context->ssl);
    }
    if (loaded == 1)
        return context;
    take_error(error, size);
    rtls_context_destroy(context);
    return NULL;
}

void rtls_context_destroy(struct rtls_context *context)
{
    SSL_CTX_free(context->ssl);
    free(context);
}

/// Says whom to expect: the name in the handshake (addresses are none), and in the certificate.
static int set_host(SSL *ssl, const char *host)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host);
}

struct rtls_session *rtls_session_create(struct rtls_context *context, const char *host)
{
    struct rtls_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->ssl = SSL_new(context->ssl);
    session->input = BIO_new(BIO_s_mem());
    session->output = BIO_new(BIO_s_mem());
    if (session->ssl == NULL || session->input == NULL || session->output == NULL || !set_host(session->ssl, host)) {
        BIO_free(session->input);
        BIO_free(session->output);
        SSL_free(session->ssl);
        free(session);
        return NULL;
    }
    // Empty is not the end.
    BIO_set_mem_eof_return(session->input, -1);
    BIO_set_mem_eof_return(session->output, -1);
    SSL_set_bio(session->ssl, session->input, session->output);
    SSL_set_connect_state(session->ssl);
    return session;
}

void rtls_session_destroy(struct rtls_session *session)
{
    SSL_free(session->ssl);
    free(session);
}

/// What a result of OpenSSL's means.
static long outcome(struct rtls_session *session, int result)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_NONE:
        return result;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return RTLS_WANTS_INPUT;
    case SSL_ERROR_ZERO_RETURN:
        return RTLS_END;
    default:
        return RTLS_FAILED;
    }
}

/// As much as an int holds.
static int clamped(size_t count)
{
    return count > (1U << 30) ? 1 << 30 : (int)count;
}

long rtls_handshake(struct rtls_session *session)
{
    ERR_clear_error();
    long result = outcome(session, SSL_do_handshake(session->ssl));
    return result > 0 ? 0 : result;
}

long rtls_write(struct rtls_session *session, const void *bytes, size_t count)
{
    ERR_clear_error();
    return outcome(session, SSL_write(session->ssl, bytes, clamped(count)));
}

long rtls_read(struct rtls_session *session, void *bytes, size_t count)
{
    ERR_clear_error();
    return outcome(session, SSL_read(session->ssl, bytes, clamped(count)));
}

size_t rtls_take_output(struct rtls_session *session, void *bytes, size_t count)
{
    int taken = BIO_read(session->output, bytes, clamped(count));
    return taken > 0 ? (size_t)taken : 0;
}

int rtls_give_input(struct rtls_session *session, const void *bytes, size_t count)
{
    return BIO_write(session->input, bytes, clamped(count)) == (int)count ? 0 : -1;
}

void rtls_session_error(struct rtls_session *session, char *error, size_t size)
{
    long verified = SSL_get_verify_result(session->ssl);
    if (verified == X509_V_OK)
        return take_error(error, size);
    ERR_clear_error();
    snprintf(error, size, "its certificate is not accepted: %s", X509_verify_cert_error_string(verified));
}
