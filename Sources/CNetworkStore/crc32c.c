#include "crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static uint32_t table[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        table[byte] = crc;
    }
}

uint32_t rstore_crc32c_by_table(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&once, make_table);
    const uint8_t *next = bytes;
    crc = ~crc;
    while (count-- > 0) crc = crc >> 8 ^ table[(crc ^ *next++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint64_t sum = (uint32_t)~crc;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    uint32_t rest = (uint32_t)sum;
    while (count-- > 0) rest = __builtin_ia32_crc32qi(rest, *next++);
    return ~rest;
}

static bool has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }
#else
static uint32_t by_instruction(uint32_t crc, const void *bytes, size_t count) {
    return rstore_crc32c_by_table(crc, bytes, count);
}

static bool has_instruction(void) { return false; }
#endif

uint32_t rstore_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return has_instruction() ? by_instruction(crc, bytes, count) : rstore_crc32c_by_table(crc, bytes, count);
}
