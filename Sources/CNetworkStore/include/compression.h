#ifndef RSTORE_COMPRESSION_H
#define RSTORE_COMPRESSION_H

#include <stddef.h>

/// Compresses bytes with LZ4, in its plain block format.
///
/// Returns the number of bytes written, or 0 where they would not fit.
size_t rstore_lz4_compress(const void *source, size_t count, void *target, size_t capacity);

/// Takes back what rstore_lz4_compress did. The bytes may be anything.
///
/// Returns whether exactly `count` bytes came out.
int rstore_lz4_expand(const void *source, size_t stored, void *target, size_t count);

/// Compresses bytes with Zstandard, as one frame.
///
/// Returns the number of bytes written, or 0 where they would not fit.
size_t rstore_zstd_compress(const void *source, size_t count, void *target, size_t capacity);

/// Takes back what rstore_zstd_compress did. The bytes may be anything.
///
/// Returns whether exactly `count` bytes came out.
int rstore_zstd_expand(const void *source, size_t stored, void *target, size_t count);

#endif
