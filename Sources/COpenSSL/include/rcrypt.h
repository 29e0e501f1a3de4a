/// Encryption of what is stored, with OpenSSL.
#ifndef RCRYPT_H
#define RCRYPT_H

#include <stddef.h>
#include <stdint.h>

/// Bytes of keys, nonces and tags of AES-256-GCM.
enum {
    RCRYPT_KEY = 32,
    RCRYPT_NONCE = 12,
    RCRYPT_TAG = 16,
};

/// Encrypts `count` bytes from `from` to `to`, which may be the same, with AES-256-GCM; `bound` is not encrypted, and has to be
/// the same when they are opened. 0 where that has failed: no memory.
int rcrypt_seal(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_count, const void *from, size_t count,
                void *to, uint8_t *tag);

/// Decrypts what rcrypt_seal has encrypted. 0 where the bytes, the tag, or anything else is not what it was; what is at `to` is
/// then undefined.
int rcrypt_open(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_count, const void *from, size_t count,
                void *to, const uint8_t *tag);

/// A key out of a passphrase (RFC 7914), with 2^log_n as N. 0 where that has failed.
int rcrypt_scrypt(const void *passphrase, size_t count, const uint8_t *salt, size_t salt_count, unsigned log_n, unsigned r,
                  unsigned p, uint8_t *key);

/// Overwrites bytes, also where the compiler thinks that nobody reads them any more.
void rcrypt_wipe(void *bytes, size_t count);

#endif
