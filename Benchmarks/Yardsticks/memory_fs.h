/*
 * A small file system in memory: directories and regular files, each with a lock of its own.
 *
 * A node stays as long as it has a name or the kernel knows it, whichever is longer; both are counted as references.
 * Functions return 0 or a positive errno value. Locks are taken from a directory to what is in it, never the other way.
 */

#ifndef MEMORY_FS_H
#define MEMORY_FS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Content is kept in pieces of at most so many bytes; the last one of a file may be shorter, and none is a hole. */
#define MEMORY_CHUNK_BYTES (64u * 1024u)
/* Parts of a read, at most: its pieces, each with data and a hole. */
#define MEMORY_PARTS(bytes) (2 * ((bytes) / MEMORY_CHUNK_BYTES + 2))

struct memory_name {
    struct memory_name *next; /* in its bucket */
    struct memory_node *node;
    uint64_t hash;
    uint64_t cookie; /* where it is in listings: names are listed as they were made */
    size_t length;
    char text[]; /* ends in NUL */
};

struct memory_slot {
    uint64_t cookie;
    struct memory_name *name; /* NULL: removed */
};

struct memory_directory {
    struct memory_node *parent; /* NULL: the root */
    struct memory_name **buckets;
    size_t bucket_count; /* a power of two */
    struct memory_slot *slots; /* by cookie */
    size_t slot_count, slot_capacity;
    size_t names;
    uint64_t next_cookie;
};

struct memory_chunk {
    uint32_t capacity_bytes;
    char bytes[];
};

struct memory_content {
    struct memory_chunk **chunks;
    size_t count;
};

struct memory_node {
    pthread_rwlock_t lock;      /* for all that follows but atomics and constants */
    _Atomic uint64_t references; /* its name, and lookups of the kernel */
    uint64_t number;            /* constant; never used again */
    mode_t mode;                /* its type is constant */
    uid_t owner;
    gid_t group;
    nlink_t links; /* 0: has no name any more */
    off_t size;
    blkcnt_t blocks;
    _Atomic int64_t accessed_ns; /* since 1970; reads set it, side by side */
    int64_t modified_ns, changed_ns;
    union {
        struct memory_directory directory;
        struct memory_content content;
    };
};

/* Makes the root. `size_bytes` is what content may take. */
void memory_start(uint64_t size_bytes, uid_t owner, gid_t group);
extern struct memory_node *memory_root;

int64_t memory_now(void);
void memory_attributes(struct memory_node *node, struct stat *attr);
bool memory_is_directory(const struct memory_node *node);
uint64_t memory_free_bytes(void);

/* Takes references away, and with the last one the node. */
void memory_forget(struct memory_node *node, uint64_t count);

/* Names. What is found or made comes with another reference, and its attributes. */
int memory_look_up(struct memory_node *directory, const char *name, struct memory_node **found, struct stat *attr);
int memory_make(struct memory_node *directory, const char *name, mode_t mode, uid_t owner, gid_t group,
                struct memory_node **made, struct stat *attr);
int memory_remove(struct memory_node *directory, const char *name, bool is_directory);
int memory_rename(struct memory_node *from, const char *name, struct memory_node *to, const char *new_name,
                  bool replaces);

/* Calls for each name after a cookie, with attributes, until it is told to stop. `.` has cookie 1, `..` has 2. The
 * directory is locked meanwhile; `count_reference` is for nodes whose entry the kernel has been given. */
typedef bool memory_lister(void *context, const char *name, struct memory_node *node, uint64_t cookie);
int memory_list(struct memory_node *directory, uint64_t after, memory_lister *lister, void *context);
static inline void memory_count_reference(struct memory_node *node)
{
    atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
}

/* Content. A read holds the node's lock until memory_end_read; `parts` has MEMORY_PARTS(size) places. */
int memory_begin_read(struct memory_node *node, off_t offset, size_t size, struct iovec *parts, int *count);
void memory_end_read(struct memory_node *node);
/* Writes less than all only where space ran out, and fails where nothing was written. */
int memory_write(struct memory_node *node, off_t offset, const char *data, size_t size, size_t *written);
/* With the node's lock held for writing. */
int memory_cut(struct memory_node *node, off_t size);
void memory_free_content(struct memory_node *node);
void memory_limit_content(uint64_t size_bytes);

/* The table of names of a directory, which is locked. */
struct memory_name *memory_name_find(struct memory_node *directory, const char *text);
int memory_name_add(struct memory_node *directory, const char *text, struct memory_node *node);
void memory_name_remove(struct memory_node *directory, struct memory_name *name);
/* The first place of the listing whose cookie is not below this one. */
size_t memory_slot_from(const struct memory_directory *directory, uint64_t cookie);

#endif
