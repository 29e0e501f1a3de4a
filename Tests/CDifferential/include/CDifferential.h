/// Makes system calls, told as lines of text, on two directory trees ("sides"), and looks at what became of them.
///
/// Not safe for threads: credentials, the working directory and limits change from line to line.
#ifndef CDIFFERENTIAL_H
#define CDIFFERENTIAL_H

#include <stdint.h>

enum {
    /// The two trees: what is tested, and what it is held against.
    RFUSE_DIFF_SIDES = 2,
    /// Descriptors that a script can have open, on each side.
    RFUSE_DIFF_SLOTS = 8,
    /// The most bytes of text that a step tells.
    RFUSE_DIFF_TEXT = 16384,
    /// `rfuse_diff_run` did not understand the line. No errno of the kernel's is as large.
    RFUSE_DIFF_MALFORMED = -100000,
};

/// What is known of a file without reading it.
struct rfuse_diff_node {
    /// 0, or -errno: then nothing else counts.
    int error;
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    uint32_t links;
    uint64_t size;
    uint64_t inode;
    uint64_t blocks;
    uint64_t device;
    /// Nanoseconds since 1970.
    int64_t accessed;
    int64_t modified;
    int64_t changed;
};

/// Prepares the process: signals, file mode mask, limits. Returns 0 or -errno.
int rfuse_diff_start(void);

/// Sets up a side: the directory that its trees are made in; the same directory on a mount that is read-only; and a
/// directory of another file system, in which each side has a directory of its own. Returns 0 or -errno.
int rfuse_diff_side(int side, const char *root, const char *read_only, const char *other);

/// Makes a new empty tree of the name given on a side, with no descriptor open. Returns 0 or -errno.
int rfuse_diff_begin(int side, const char *name);

/// Closes all descriptors of a side and removes its tree. Returns 0 or -errno.
int rfuse_diff_end(int side);

/// Waits until a side's file system has as much room as when this was called first: what has been removed comes back
/// when the server has forgotten it and a journal has been written, a little later. Returns 0 or -errno; -ETIMEDOUT
/// where it never does.
int rfuse_diff_settle(int side);

/// Runs a line: `[user] call argument...`. Returns what the system call returned, or -errno; RFUSE_DIFF_MALFORMED where
/// the line means nothing. `rfuse_diff_text` has what the call told.
int64_t rfuse_diff_run(int side, const char *line);

/// What the last step, or the last look into a file, told: data read, attributes, names.
const char *rfuse_diff_text(void);

/// Looks at a path of the tree, following no link; as the superuser.
void rfuse_diff_look(int side, const char *path, struct rfuse_diff_node *node);

/// Looks at an open descriptor; EBADF where the slot is empty.
void rfuse_diff_look_open(int side, int slot, struct rfuse_diff_node *node);

/// Looks at what a path means as lines have it (`@ro/f`), following links if wished; as the superuser.
void rfuse_diff_look_named(int side, const char *word, int follows, struct rfuse_diff_node *node);

/// The flags that a slot was opened with; -EBADF where it is empty.
int rfuse_diff_open_flags(int side, int slot);

/// 1 where flags have O_DIRECT.
int rfuse_diff_is_direct(int flags);

/// Looks into a path of the tree: content, names or target, and extended attributes; as the superuser. Returns 0 or
/// -errno; `rfuse_diff_text` has what was found.
int64_t rfuse_diff_hold(int side, const char *path);

/// The calls that lines can name, and the kinds of their arguments, one letter each: S a slot to fill, F a slot, C a
/// slot to close, D a slot or `.`, p a path or name, n a number, b bytes. Null behind the last.
const char *rfuse_diff_call_name(int index);
const char *rfuse_diff_call_signature(int index);

/// What errno.h calls an error; null for a number that it does not have.
const char *rfuse_diff_error_name(int number);

/// The clock that file systems stamp files with, in nanoseconds since 1970.
int64_t rfuse_diff_coarse_clock(void);

/// Gives the process a mount namespace of its own. Returns 0 or -errno.
int rfuse_diff_own_mounts(void);

/// Mounts a directory once more, read-only. Returns 0 or -errno.
int rfuse_diff_bind_read_only(const char *from, const char *to);

/// Mounts a small file system of the kernel's own. Returns 0 or -errno.
int rfuse_diff_mount_other(const char *to);

#endif
