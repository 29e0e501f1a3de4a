#ifndef RFUSE_CRC32C_H
#define RFUSE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// The CRC-32C (Castagnoli, RFC 3720 B.4) of bytes, continued from that of the bytes before them (0 for none). Uses the
/// CPU's own instruction where it has one.
uint32_t rstore_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same by a table, for CPUs without, and for tests.
uint32_t rstore_crc32c_by_table(uint32_t crc, const void *bytes, size_t count);

#endif
