#include "memory_fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct memory_node *memory_root;
static _Atomic uint64_t next_number = 1;
/* Which directories are in which changes only under it, so that a rename between two knows how to lock them. */
static pthread_mutex_t renaming = PTHREAD_MUTEX_INITIALIZER;

int64_t memory_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

bool memory_is_directory(const struct memory_node *node)
{
    return S_ISDIR(node->mode);
}

static struct timespec timespec_of(int64_t time_ns)
{
    struct timespec time = {time_ns / 1000000000, time_ns % 1000000000};
    if (time.tv_nsec < 0) { /* before 1970 */
        time.tv_nsec += 1000000000;
        time.tv_sec--;
    }
    return time;
}

/* With the node's lock held, or before anybody else knows it. */
static void fill_attributes(struct memory_node *node, struct stat *attr)
{
    *attr = (struct stat){
        .st_ino = node->number,
        .st_mode = node->mode,
        .st_nlink = node->links,
        .st_uid = node->owner,
        .st_gid = node->group,
        .st_size = node->size,
        .st_blksize = 4096,
        .st_blocks = node->blocks,
        .st_atim = timespec_of(atomic_load_explicit(&node->accessed_ns, memory_order_relaxed)),
        .st_mtim = timespec_of(node->modified_ns),
        .st_ctim = timespec_of(node->changed_ns),
    };
}

void memory_attributes(struct memory_node *node, struct stat *attr)
{
    pthread_rwlock_rdlock(&node->lock);
    fill_attributes(node, attr);
    pthread_rwlock_unlock(&node->lock);
}

static struct memory_node *make_node(mode_t mode, uid_t owner, gid_t group)
{
    struct memory_node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        return NULL;
    }
    pthread_rwlock_init(&node->lock, NULL);
    node->number = atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed);
    node->references = 1; /* its name */
    node->mode = mode;
    node->owner = owner;
    node->group = group;
    node->links = S_ISDIR(mode) ? 2 : 1;
    node->accessed_ns = node->modified_ns = node->changed_ns = memory_now();
    if (S_ISDIR(mode)) {
        node->directory.next_cookie = 3;
    }
    return node;
}

void memory_start(uint64_t size_bytes, uid_t owner, gid_t group)
{
    memory_limit_content(size_bytes);
    memory_root = make_node(S_IFDIR | 0755, owner, group);
    if (memory_root == NULL) {
        abort();
    }
}

void memory_forget(struct memory_node *node, uint64_t count)
{
    if (atomic_fetch_sub_explicit(&node->references, count, memory_order_acq_rel) != count) {
        return;
    }
    if (memory_is_directory(node)) {
        free(node->directory.buckets);
        free(node->directory.slots);
    } else {
        memory_free_content(node);
    }
    pthread_rwlock_destroy(&node->lock);
    free(node);
}

static void touch(struct memory_node *node)
{
    node->modified_ns = node->changed_ns = memory_now();
}

/* Operations */

int memory_look_up(struct memory_node *directory, const char *text, struct memory_node **found, struct stat *attr)
{
    if (!memory_is_directory(directory)) {
        return ENOTDIR;
    }
    pthread_rwlock_rdlock(&directory->lock);
    struct memory_name *name = memory_name_find(directory, text);
    if (name != NULL) {
        *found = name->node;
        memory_count_reference(name->node);
        memory_attributes(name->node, attr);
    }
    pthread_rwlock_unlock(&directory->lock);
    return name == NULL ? ENOENT : 0;
}

static int check_new_name(struct memory_node *directory, const char *text)
{
    if (!memory_is_directory(directory)) {
        return ENOTDIR;
    }
    return strlen(text) > 255 ? ENAMETOOLONG : 0;
}

int memory_make(struct memory_node *directory, const char *text, mode_t mode, uid_t owner, gid_t group,
                struct memory_node **made, struct stat *attr)
{
    int error = check_new_name(directory, text);
    if (error != 0) {
        return error;
    }
    pthread_rwlock_wrlock(&directory->lock);
    if (directory->mode & S_ISGID) {
        group = directory->group;
        mode |= S_ISDIR(mode) ? S_ISGID : 0;
    }
    struct memory_node *node = NULL;
    if (directory->links == 0) {
        error = ENOENT;
    } else if (memory_name_find(directory, text) != NULL) {
        error = EEXIST;
    } else if ((node = make_node(mode, owner, group)) == NULL) {
        error = ENOSPC;
    } else {
        error = memory_name_add(directory, text, node);
    }
    if (error == 0) {
        if (S_ISDIR(mode)) {
            node->directory.parent = directory;
            directory->links++;
        }
        memory_count_reference(node);
        touch(directory);
        fill_attributes(node, attr);
        *made = node;
    } else if (node != NULL) {
        memory_forget(node, 1);
    }
    pthread_rwlock_unlock(&directory->lock);
    return error;
}

/* Takes the last name of a node away, whose directory is locked: may it go? Then it has none any more. */
static int unlink_node(struct memory_node *node, bool is_directory)
{
    if (memory_is_directory(node) != is_directory) {
        return is_directory ? ENOTDIR : EISDIR;
    }
    pthread_rwlock_wrlock(&node->lock);
    int error = is_directory && node->directory.names > 0 ? ENOTEMPTY : 0;
    if (error == 0) {
        node->links = 0;
        node->changed_ns = memory_now();
        if (is_directory) {
            node->directory.parent = NULL; /* which may be gone before it */
        }
    }
    pthread_rwlock_unlock(&node->lock);
    return error;
}

int memory_remove(struct memory_node *directory, const char *text, bool is_directory)
{
    if (!memory_is_directory(directory)) {
        return ENOTDIR;
    }
    pthread_rwlock_wrlock(&directory->lock);
    struct memory_name *name = memory_name_find(directory, text);
    struct memory_node *node = name == NULL ? NULL : name->node;
    int error = node == NULL ? ENOENT : unlink_node(node, is_directory);
    if (error == 0) {
        memory_name_remove(directory, name);
        directory->links -= is_directory;
        touch(directory);
    }
    pthread_rwlock_unlock(&directory->lock);
    if (error == 0) {
        memory_forget(node, 1);
    }
    return error;
}

static bool is_above(const struct memory_node *one, const struct memory_node *other)
{
    while (other != NULL && other != one) {
        other = other->directory.parent;
    }
    return other == one;
}

/* Locks two directories: what is above first, else by address. */
static void lock_both(struct memory_node *one, struct memory_node *other)
{
    bool swapped = is_above(other, one) || (!is_above(one, other) && other < one);
    pthread_rwlock_wrlock(swapped ? &other->lock : &one->lock);
    if (one != other) {
        pthread_rwlock_wrlock(swapped ? &one->lock : &other->lock);
    }
}

/* A rename with both directories locked. `*gone` is what had the new name. */
static int rename_locked(struct memory_node *from, const char *text, struct memory_node *to, const char *new_text,
                         bool replaces, struct memory_node **gone)
{
    struct memory_name *name = memory_name_find(from, text), *victim = memory_name_find(to, new_text);
    if (name == NULL || to->links == 0) {
        return ENOENT;
    }
    struct memory_node *node = name->node;
    bool is_directory = memory_is_directory(node);
    if (victim != NULL && !replaces) {
        return EEXIST;
    }
    if (victim != NULL && victim->node == node) {
        return 0;
    }
    int error = victim == NULL ? 0 : unlink_node(victim->node, is_directory);
    if (error != 0) {
        return error;
    }
    if (victim != NULL) {
        *gone = victim->node;
        victim->node = node; /* the new name stays where it is */
        to->links -= is_directory;
    } else if ((error = memory_name_add(to, new_text, node)) != 0) {
        return error;
    }
    memory_name_remove(from, name);
    from->links -= is_directory;
    to->links += is_directory;
    touch(from);
    touch(to);
    pthread_rwlock_wrlock(&node->lock);
    node->changed_ns = memory_now();
    if (is_directory) {
        node->directory.parent = to;
    }
    pthread_rwlock_unlock(&node->lock);
    return 0;
}

int memory_rename(struct memory_node *from, const char *text, struct memory_node *to, const char *new_text,
                  bool replaces)
{
    struct memory_node *gone = NULL;
    int error = memory_is_directory(from) ? check_new_name(to, new_text) : ENOTDIR;
    if (error != 0) {
        return error;
    }
    /* A rename within one directory leaves alone who is above whom. */
    if (from != to) {
        pthread_mutex_lock(&renaming);
    }
    lock_both(from, to);
    error = rename_locked(from, text, to, new_text, replaces, &gone);
    pthread_rwlock_unlock(&from->lock);
    if (from != to) {
        pthread_rwlock_unlock(&to->lock);
        pthread_mutex_unlock(&renaming);
    }
    if (gone != NULL) {
        memory_forget(gone, 1);
    }
    return error;
}

int memory_list(struct memory_node *node, uint64_t after, memory_lister *lister, void *context)
{
    if (!memory_is_directory(node)) {
        return ENOTDIR;
    }
    pthread_rwlock_rdlock(&node->lock);
    struct memory_directory *directory = &node->directory;
    struct memory_node *parent = directory->parent == NULL ? node : directory->parent;
    bool more = (after >= 1 || lister(context, ".", node, 1)) && (after >= 2 || lister(context, "..", parent, 2));
    for (size_t i = memory_slot_from(directory, after + 1); more && i < directory->slot_count; i++) {
        struct memory_name *name = directory->slots[i].name;
        more = name == NULL || lister(context, name->text, name->node, name->cookie);
    }
    atomic_store_explicit(&node->accessed_ns, memory_now(), memory_order_relaxed);
    pthread_rwlock_unlock(&node->lock);
    return 0;
}
