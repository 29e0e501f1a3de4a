/* The table of names of a directory, in which they are found by hash and listed in order. */

#include "memory_fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
    }
    return hash ^ hash >> 32;
}

/* Where a name is, or would be: in the bucket's chain. NULL: there are no buckets yet. */
static struct memory_name **find(struct memory_directory *directory, const char *text, size_t length, uint64_t hash)
{
    if (directory->bucket_count == 0) {
        return NULL;
    }
    struct memory_name **place = &directory->buckets[hash & (directory->bucket_count - 1)];
    while (*place != NULL && ((*place)->hash != hash || (*place)->length != length ||
                              memcmp((*place)->text, text, length) != 0)) {
        place = &(*place)->next;
    }
    return place;
}

struct memory_name *memory_name_find(struct memory_node *directory, const char *text)
{
    size_t length = strlen(text);
    struct memory_name **place = find(&directory->directory, text, length, hash_of(text, length));
    return place == NULL ? NULL : *place;
}

static int grow_buckets(struct memory_directory *directory)
{
    size_t count = directory->bucket_count == 0 ? 16 : directory->bucket_count * 2;
    struct memory_name **buckets = calloc(count, sizeof(*buckets));
    if (buckets == NULL) {
        return ENOSPC;
    }
    for (size_t i = 0; i < directory->bucket_count; i++) {
        for (struct memory_name *name = directory->buckets[i], *next; name != NULL; name = next) {
            next = name->next;
            name->next = buckets[name->hash & (count - 1)];
            buckets[name->hash & (count - 1)] = name;
        }
    }
    free(directory->buckets);
    directory->buckets = buckets;
    directory->bucket_count = count;
    return 0;
}

/* A place at the end of the listing, where half of the places are free at least after all have been taken. */
static int reserve_slot(struct memory_directory *directory)
{
    if (directory->slot_count < directory->slot_capacity) {
        return 0;
    }
    if (directory->names <= directory->slot_count / 2) {
        size_t kept = 0;
        for (size_t i = 0; i < directory->slot_count; i++) {
            if (directory->slots[i].name != NULL) {
                directory->slots[kept++] = directory->slots[i];
            }
        }
        directory->slot_count = kept;
        if (kept < directory->slot_capacity) {
            return 0;
        }
    }
    size_t capacity = directory->slot_capacity == 0 ? 16 : directory->slot_capacity * 2;
    struct memory_slot *slots = realloc(directory->slots, capacity * sizeof(*slots));
    if (slots == NULL) {
        return ENOSPC;
    }
    directory->slots = slots;
    directory->slot_capacity = capacity;
    return 0;
}

/* The first place whose cookie is not below this one. */
size_t memory_slot_from(const struct memory_directory *directory, uint64_t cookie)
{
    size_t low = 0, high = directory->slot_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (directory->slots[middle].cookie < cookie) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int memory_name_add(struct memory_node *parent, const char *text, struct memory_node *node)
{
    struct memory_directory *directory = &parent->directory;
    size_t length = strlen(text);
    struct memory_name *name = malloc(sizeof(*name) + length + 1);
    if (name == NULL || reserve_slot(directory) != 0 ||
        (directory->names >= directory->bucket_count && grow_buckets(directory) != 0)) {
        free(name);
        return ENOSPC;
    }
    uint64_t hash = hash_of(text, length);
    struct memory_name **bucket = &directory->buckets[hash & (directory->bucket_count - 1)];
    *name = (struct memory_name){
        .next = *bucket, .node = node, .hash = hash, .cookie = directory->next_cookie++, .length = length};
    memcpy(name->text, text, length + 1);
    *bucket = name;
    directory->slots[directory->slot_count++] = (struct memory_slot){name->cookie, name};
    directory->names++;
    return 0;
}

void memory_name_remove(struct memory_node *parent, struct memory_name *name)
{
    struct memory_directory *directory = &parent->directory;
    *find(directory, name->text, name->length, name->hash) = name->next;
    directory->slots[memory_slot_from(directory, name->cookie)].name = NULL;
    directory->names--;
    free(name);
}
