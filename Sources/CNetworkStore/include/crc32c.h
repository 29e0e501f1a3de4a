#ifndef RFUSE_CRC32C_H
#define RFUSE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// The CRC-32C (Castagnoli, RFC 3720 B.4) of bytes.
uint32_t rstore_crc32c(const void *bytes, size_t count);

#endif
