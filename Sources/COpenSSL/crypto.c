#include "rcrypt.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

static EVP_CIPHER *cipher;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/// Looks the algorithm up, once: EVP_aes_256_gcm() would do so each time.
static void fetch(void) { cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL); }

/// A context for one message; NULL without memory.
static EVP_CIPHER_CTX *begin(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_count, int seals)
{
    pthread_once(&once, fetch);
    EVP_CIPHER_CTX *context = cipher ? EVP_CIPHER_CTX_new() : NULL;
    if (!context)
        return NULL;
    int length;
    if (EVP_CipherInit_ex2(context, cipher, key, nonce, seals, NULL) != 1 || bound_count > INT_MAX ||
        (bound_count && EVP_CipherUpdate(context, NULL, &length, bound, (int)bound_count) != 1)) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

int rcrypt_seal(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_count, const void *from, size_t count,
                void *to, uint8_t *tag)
{
    if (count > INT_MAX)
        return 0;
    EVP_CIPHER_CTX *context = begin(key, nonce, bound, bound_count, 1);
    if (!context)
        return 0;
    int length;
    unsigned char end[16];
    int done = EVP_CipherUpdate(context, to, &length, from, (int)count) == 1 && EVP_CipherFinal_ex(context, end, &length) == 1 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, RCRYPT_TAG, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

int rcrypt_open(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_count, const void *from, size_t count,
                void *to, const uint8_t *tag)
{
    if (count > INT_MAX)
        return 0;
    EVP_CIPHER_CTX *context = begin(key, nonce, bound, bound_count, 0);
    if (!context)
        return 0;
    int length;
    unsigned char end[16];
    // The tag is only read.
    int done = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, RCRYPT_TAG, (void *)tag) == 1 &&
               EVP_CipherUpdate(context, to, &length, from, (int)count) == 1 && EVP_CipherFinal_ex(context, end, &length) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

int rcrypt_scrypt(const void *passphrase, size_t count, const uint8_t *salt, size_t salt_count, unsigned log_n, unsigned r,
                  unsigned p, uint8_t *key)
{
    if (log_n < 1 || log_n > 24)
        return 0;
    // What it takes, and a little.
    uint64_t memory = ((uint64_t)128 * r << log_n) + ((uint64_t)128 * r * (p + 2)) + (1 << 20);
    return EVP_PBE_scrypt(passphrase, count, salt, salt_count, (uint64_t)1 << log_n, r, p, memory, key, RCRYPT_KEY) == 1;
}

void rcrypt_wipe(void *bytes, size_t count) { OPENSSL_cleanse(bytes, count); }
