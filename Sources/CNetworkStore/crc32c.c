#include "crc32c.h"

#include <isa-l/crc.h>

uint32_t rstore_crc32c(const void *bytes, size_t count) {
    // As RFC 3720 has it: inverted before and after, which the library leaves to its callers. It takes its bytes as not
    // const, and does not write to them.
    uint32_t sum = 0xffffffffu;
    const unsigned char *next = bytes;
    while (count > 0) {
        int part = count > 1 << 30 ? 1 << 30 : (int)count;
        sum = crc32_iscsi((unsigned char *)next, part, sum);
        next += part;
        count -= (size_t)part;
    }
    return ~sum;
}
