#include "compression.h"

#include <limits.h>
#include <lz4.h>
#include <zstd.h>

size_t rstore_lz4_compress(const void *source, size_t count, void *target, size_t capacity) {
    if (count > LZ4_MAX_INPUT_SIZE || capacity > INT_MAX) return 0;
    int stored = LZ4_compress_default(source, target, (int)count, (int)capacity);
    return stored > 0 ? (size_t)stored : 0;
}

int rstore_lz4_expand(const void *source, size_t stored, void *target, size_t count) {
    if (stored > INT_MAX || count > INT_MAX) return 0;
    return LZ4_decompress_safe(source, target, (int)stored, (int)count) == (int)count;
}

// The level that its authors take for the default: at this size of blocks higher ones gain little and cost much.
enum { LEVEL = 3 };

size_t rstore_zstd_compress(const void *source, size_t count, void *target, size_t capacity) {
    size_t stored = ZSTD_compress(target, capacity, source, count, LEVEL);
    return ZSTD_isError(stored) ? 0 : stored;
}

int rstore_zstd_expand(const void *source, size_t stored, void *target, size_t count) {
    return ZSTD_decompress(target, count, source, stored) == count;
}
