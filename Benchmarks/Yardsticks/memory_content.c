#include "memory_fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char hole[MEMORY_CHUNK_BYTES];
static _Atomic uint64_t used_bytes;
static uint64_t limit_bytes;

void memory_limit_content(uint64_t size_bytes)
{
    limit_bytes = size_bytes;
}

uint64_t memory_free_bytes(void)
{
    uint64_t used = atomic_load_explicit(&used_bytes, memory_order_relaxed);
    return used < limit_bytes ? limit_bytes - used : 0;
}

static size_t smaller(size_t one, size_t other)
{
    return one < other ? one : other;
}

static void release_chunk(struct memory_node *node, size_t index)
{
    struct memory_chunk *chunk = node->content.chunks[index];
    if (chunk != NULL) {
        atomic_fetch_sub_explicit(&used_bytes, chunk->capacity_bytes, memory_order_relaxed);
        node->blocks -= chunk->capacity_bytes / 512;
        free(chunk);
        node->content.chunks[index] = NULL;
    }
}

void memory_free_content(struct memory_node *node)
{
    for (size_t i = 0; i < node->content.count; i++) {
        release_chunk(node, i);
    }
    free(node->content.chunks);
    node->content.chunks = NULL;
    node->content.count = 0;
}

int memory_begin_read(struct memory_node *node, off_t offset, size_t size, struct iovec *parts, int *count)
{
    *count = 0;
    if (memory_is_directory(node)) {
        return EISDIR;
    }
    pthread_rwlock_rdlock(&node->lock);
    uint64_t end = offset < node->size ? smaller(size, (size_t)(node->size - offset)) + (uint64_t)offset : 0;
    for (uint64_t at = (uint64_t)offset; at < end;) {
        size_t index = at / MEMORY_CHUNK_BYTES, start = at % MEMORY_CHUNK_BYTES;
        size_t wanted = smaller(MEMORY_CHUNK_BYTES - start, end - at);
        struct memory_chunk *chunk = index < node->content.count ? node->content.chunks[index] : NULL;
        if (chunk != NULL && start < chunk->capacity_bytes) {
            wanted = smaller(wanted, chunk->capacity_bytes - start);
            parts[(*count)++] = (struct iovec){chunk->bytes + start, wanted};
        } else {
            parts[(*count)++] = (struct iovec){(char *)hole, wanted};
        }
        at += wanted;
    }
    atomic_store_explicit(&node->accessed_ns, memory_now(), memory_order_relaxed);
    return 0;
}

void memory_end_read(struct memory_node *node)
{
    pthread_rwlock_unlock(&node->lock);
}

/* Makes sure that there is a place for a chunk, so that small files have small tables. */
static int reserve_chunk(struct memory_content *content, size_t index)
{
    if (index < content->count) {
        return 0;
    }
    size_t count = content->count == 0 ? index + 1 : content->count * 2;
    count = count > index ? count : index + 1;
    struct memory_chunk **chunks = realloc(content->chunks, count * sizeof(*chunks));
    if (chunks == NULL) {
        return ENOSPC;
    }
    memset(chunks + content->count, 0, (count - content->count) * sizeof(*chunks));
    content->chunks = chunks;
    content->count = count;
    return 0;
}

/* Lets a chunk reach to `end`. What is to be written, from `start` to `end`, is not made zero. */
static int grow_chunk(struct memory_node *node, size_t index, size_t start, size_t end)
{
    int error = reserve_chunk(&node->content, index);
    if (error != 0) {
        return error;
    }
    struct memory_chunk *chunk = node->content.chunks[index];
    size_t before = chunk == NULL ? 0 : chunk->capacity_bytes, after = 4096;
    if (end <= before) {
        return 0;
    }
    while (after < end) {
        after *= 2;
    }
    if (after - before > memory_free_bytes()) {
        return ENOSPC;
    }
    chunk = realloc(chunk, sizeof(*chunk) + after);
    if (chunk == NULL) {
        return ENOSPC;
    }
    if (start > before) {
        memset(chunk->bytes + before, 0, start - before);
    }
    memset(chunk->bytes + end, 0, after - end);
    chunk->capacity_bytes = (uint32_t)after;
    node->content.chunks[index] = chunk;
    node->blocks += (blkcnt_t)(after - before) / 512;
    atomic_fetch_add_explicit(&used_bytes, after - before, memory_order_relaxed);
    return 0;
}

int memory_write(struct memory_node *node, off_t offset, const char *data, size_t size, size_t *written)
{
    int error = 0;
    *written = 0;
    if (memory_is_directory(node)) {
        return EISDIR;
    }
    pthread_rwlock_wrlock(&node->lock);
    while (*written < size) {
        uint64_t at = (uint64_t)offset + *written;
        size_t index = at / MEMORY_CHUNK_BYTES, start = at % MEMORY_CHUNK_BYTES;
        size_t length = smaller(MEMORY_CHUNK_BYTES - start, size - *written);
        error = grow_chunk(node, index, start, start + length);
        if (error != 0) {
            break;
        }
        memcpy(node->content.chunks[index]->bytes + start, data + *written, length);
        *written += length;
    }
    if (*written > 0) {
        off_t end = offset + (off_t)*written;
        node->size = end > node->size ? end : node->size;
        node->modified_ns = node->changed_ns = memory_now();
    }
    pthread_rwlock_unlock(&node->lock);
    return *written > 0 ? 0 : error;
}

int memory_cut(struct memory_node *node, off_t size)
{
    if (memory_is_directory(node)) {
        return EISDIR;
    }
    if (size < node->size) {
        size_t whole = (size_t)size / MEMORY_CHUNK_BYTES, rest = (size_t)size % MEMORY_CHUNK_BYTES;
        for (size_t i = whole + (rest > 0); i < node->content.count; i++) {
            release_chunk(node, i);
        }
        struct memory_chunk *chunk = whole < node->content.count ? node->content.chunks[whole] : NULL;
        if (rest > 0 && chunk != NULL && rest < chunk->capacity_bytes) {
            memset(chunk->bytes + rest, 0, chunk->capacity_bytes - rest); /* read as zeros when the file grows again */
        }
    }
    node->size = size;
    return 0;
}
