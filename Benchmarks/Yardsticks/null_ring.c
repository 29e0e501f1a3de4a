/*
 * The null file system on the bare ring: one pinned thread per possible CPU serves that CPU's queue, with one
 * io_uring_enter per turn. What it reaches is what a server over this transport can hope for.
 *
 *     null_ring [--depth N] [--size BYTES] [--direct | --buffered] [--pin same|sibling] [--poll USEC] [--delay USEC]
 *               MOUNTPOINT
 */

#include "fuse_uring_abi.h"
#include "null_fs.h"
#include "null_server.h"

#include <errno.h>
#include <getopt.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEPTH 4096

struct entry {
    struct fuse_uring_req_header *header;
    char *payload;
    struct iovec parts[2];
    size_t dirty_bytes; /* of the payload buffer, from its start, may be something else than zero */
};

struct queue {
    pthread_t thread;
    unsigned id; /* the kernel's queue and the CPU whose requests it carries */
    unsigned cpu; /* where it is served */
    struct io_uring ring;
    struct entry *entries;
    unsigned live; /* entries the kernel has not ended */
};

/* Set before the threads start, never afterwards. */
static struct {
    struct null_fs fs;
    unsigned depth;
    unsigned poll_us;
    struct __kernel_timespec delay; /* what each request takes, as if from a slow store */
    bool sibling;
    bool huge_pages;
    int device;
    size_t payload_bytes;
} settings = {
    .fs = {.size_bytes = NULL_DEFAULT_SIZE_BYTES, .direct = true, .max_background = NULL_MAX_BACKGROUND},
    .depth = 32,
};

static pthread_barrier_t prepared; /* rings and buffers are there: INIT may be answered */
static pthread_barrier_t started;  /* INIT is answered: entries may be registered */

static void usage(FILE *stream)
{
    fprintf(stream,
            "usage: null_ring [options] MOUNTPOINT\n"
            "  --depth N             entries per queue, 1 MiB of memory each, a queue for each CPU (default 32)\n"
            "  --pin same            serve a queue on its own CPU (default)\n"
            "  --pin sibling         serve it on that CPU's hardware sibling, or its neighbour where there is none\n"
            "  --poll USEC           look for so long for the next request before sleeping (default 0)\n"
            "  --delay USEC          answer each request so much later, as a slow store does (default 0)\n"
            "  --huge-pages          ask for huge pages for the buffers\n"
            NULL_COMMON_USAGE);
}

/* Reads a list of CPUs as sysfs writes it: "0-3,8". */
static bool read_cpu_list(const char *path, cpu_set_t *set)
{
    char text[4096];
    FILE *file = fopen(path, "re");
    CPU_ZERO(set);
    if (file == NULL) {
        return false;
    }
    bool got = fgets(text, sizeof(text), file) != NULL;
    fclose(file);
    char *rest = text;
    for (char *range; got && (range = strsep(&rest, ",\n")) != NULL;) {
        unsigned first, last;
        int count = sscanf(range, "%u-%u", &first, &last);
        for (unsigned cpu = first; count > 0 && cpu <= (count == 2 ? last : first) && cpu < CPU_SETSIZE; cpu++) {
            CPU_SET(cpu, set);
        }
    }
    return CPU_COUNT(set) > 0;
}

static unsigned possible_cpus(void)
{
    cpu_set_t set;
    if (!read_cpu_list("/sys/devices/system/cpu/possible", &set)) {
        null_fatal("cannot read /sys/devices/system/cpu/possible");
    }
    return (unsigned)CPU_COUNT(&set);
}

static unsigned serving_cpu(unsigned cpu, unsigned cpus)
{
    char path[128];
    cpu_set_t set;
    if (!settings.sibling) {
        return cpu;
    }
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
    if (read_cpu_list(path, &set)) {
        for (unsigned other = 0; other < cpus; other++) {
            if (other != cpu && CPU_ISSET(other, &set)) {
                return other;
            }
        }
    }
    return (cpu ^ 1) < cpus ? cpu ^ 1 : cpu;
}

static void pin(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    /* A possible CPU may be offline: nobody sends on its queue then, and where that is served is all the same. */
    if (sched_setaffinity(0, sizeof(set), &set) != 0 && errno != EINVAL) {
        null_fatal("cannot pin a thread to CPU %u: %s", cpu, strerror(errno));
    }
}

static void *map(size_t size_bytes)
{
    size_t huge = 2u << 20, slack = settings.huge_pages ? huge : 0;
    char *memory = mmap(NULL, size_bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        null_fatal("cannot allocate %zu bytes of buffers: %s (a smaller --depth takes less)", size_bytes,
                   strerror(errno));
    }
    if (settings.huge_pages) {
        memory = (char *)(((uintptr_t)memory + huge - 1) & ~(uintptr_t)(huge - 1));
        madvise(memory, size_bytes, MADV_HUGEPAGE);
    }
    /* Populated by the thread that serves it: real pages, near it. Copies from the one zero page look too fast. */
    memset(memory, 0, size_bytes);
    return memory;
}

static void prepare_queue(struct queue *queue)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL,
    };
    if (settings.poll_us > 0) {
        params.flags |= IORING_SETUP_TASKRUN_FLAG; /* tells without a system call that there is work to take in */
    }
    int error = io_uring_queue_init_params(settings.depth, &queue->ring, &params);
    if (error < 0) {
        null_fatal("io_uring_setup: %s", strerror(-error));
    }
    if (io_uring_register_ring_fd(&queue->ring) != 1) {
        null_fatal("cannot register the ring's descriptor");
    }
    if (io_uring_register_files(&queue->ring, &settings.device, 1) != 0) {
        null_fatal("cannot register /dev/fuse");
    }
    queue->entries = calloc(settings.depth, sizeof(*queue->entries));
    struct fuse_uring_req_header *headers = map(settings.depth * sizeof(*headers));
    char *payloads = map(settings.depth * settings.payload_bytes);
    if (queue->entries == NULL) {
        null_fatal("out of memory");
    }
    for (unsigned i = 0; i < settings.depth; i++) {
        struct entry *entry = &queue->entries[i];
        entry->header = &headers[i];
        entry->payload = payloads + i * settings.payload_bytes;
        entry->parts[0] = (struct iovec){entry->header, sizeof(*entry->header)};
        entry->parts[1] = (struct iovec){entry->payload, settings.payload_bytes};
    }
}

static struct io_uring_sqe *new_command(struct queue *queue, struct entry *entry, uint32_t operation, uint64_t commit_id)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&queue->ring);
    if (sqe == NULL) { /* as many places as entries, and each entry asks once per turn */
        null_fatal("the submission queue is full");
    }
    memset(sqe, 0, 2 * sizeof(*sqe)); /* SQE128 */
    sqe->opcode = IORING_OP_URING_CMD;
    sqe->flags = IOSQE_FIXED_FILE;
    sqe->fd = 0; /* the only registered file */
    sqe->cmd_op = operation;
    sqe->user_data = (uintptr_t)entry;
    struct fuse_uring_cmd_req command = {.commit_id = commit_id, .qid = (uint16_t)queue->id};
    memcpy((char *)sqe + 48, &command, sizeof(command));
    return sqe;
}

static void register_entries(struct queue *queue)
{
    for (unsigned i = 0; i < settings.depth; i++) {
        struct entry *entry = &queue->entries[i];
        struct io_uring_sqe *sqe = new_command(queue, entry, FUSE_IO_URING_CMD_REGISTER, 0);
        sqe->addr = (uintptr_t)entry->parts;
        sqe->len = 2;
    }
    queue->live = settings.depth;
}

static void answer(struct queue *queue, struct entry *entry)
{
    struct fuse_in_header *in = (void *)entry->header->in_out;
    struct fuse_out_header *out = (void *)entry->header->in_out;
    struct fuse_uring_ent_in_out *ring_part = &entry->header->ring_ent_in_out;
    uint64_t unique = in->unique;
    if (ring_part->payload_sz > entry->dirty_bytes) {
        entry->dirty_bytes = ring_part->payload_sz;
    }
    struct null_request request = {
        .header = in,
        .fixed = entry->header->op_in,
        .name = entry->payload,
        .name_bytes = ring_part->payload_sz,
    };
    struct null_answer answer = null_fs_answer(&settings.fs, &request, entry->payload);
    if (!answer.zeros && answer.size_bytes > entry->dirty_bytes) {
        entry->dirty_bytes = answer.size_bytes;
    } else if (answer.zeros && entry->dirty_bytes > 0) {
        memset(entry->payload, 0, entry->dirty_bytes); /* only the first read after something else pays */
        entry->dirty_bytes = 0;
    }
    *out = (struct fuse_out_header){
        .len = (uint32_t)(sizeof(*out) + answer.size_bytes), .error = answer.error, .unique = unique};
    ring_part->payload_sz = (uint32_t)answer.size_bytes;
    new_command(queue, entry, FUSE_IO_URING_CMD_COMMIT_AND_FETCH, ring_part->commit_id);
}

/* Entries are aligned: the lowest bit of what comes back with a completion is free, and tells timers from requests. */
enum { TIMER_BIT = 1 };

static void answer_later(struct queue *queue, struct entry *entry)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&queue->ring);
    if (sqe == NULL) {
        null_fatal("the submission queue is full");
    }
    io_uring_prep_timeout(sqe, &settings.delay, 0, 0);
    sqe->user_data = (uintptr_t)entry | TIMER_BIT;
}

static void handle(struct queue *queue, const struct io_uring_cqe *cqe)
{
    struct entry *entry = (struct entry *)(uintptr_t)(cqe->user_data & ~(uint64_t)TIMER_BIT);
    if (cqe->user_data & TIMER_BIT) {
        answer(queue, entry);
    } else if (cqe->res == 0 && settings.delay.tv_sec + settings.delay.tv_nsec > 0) {
        answer_later(queue, entry);
    } else if (cqe->res == 0) {
        answer(queue, entry);
    } else if (cqe->res == -ENOTCONN || cqe->res == -ECANCELED || cqe->res == -ECONNABORTED) {
        queue->live--; /* unmounted or aborted */
    } else {
        null_fatal("queue %u: the kernel refused an entry: %s", queue->id, strerror(-cqe->res));
    }
}

static uint64_t now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Submits what there is, and returns when at least one completion is there. */
static void submit_and_wait(struct queue *queue)
{
    if (settings.poll_us > 0) {
        struct io_uring_cqe *cqe;
        uint64_t until_us = now_us() + settings.poll_us;
        io_uring_submit(&queue->ring);
        do {
            if (io_uring_peek_cqe(&queue->ring, &cqe) == 0) {
                return;
            }
        } while (now_us() < until_us);
    }
    int error = io_uring_submit_and_wait(&queue->ring, 1);
    if (error < 0 && error != -EINTR) {
        null_fatal("io_uring_enter: %s", strerror(-error));
    }
}

static void *serve_queue(void *argument)
{
    struct queue *queue = argument;
    pin(queue->cpu);
    prepare_queue(queue);
    pthread_barrier_wait(&prepared);
    pthread_barrier_wait(&started);
    register_entries(queue);
    while (queue->live > 0) {
        struct io_uring_cqe *cqe;
        unsigned head, count = 0;
        submit_and_wait(queue);
        io_uring_for_each_cqe(&queue->ring, head, cqe)
        {
            handle(queue, cqe);
            count++;
        }
        io_uring_cq_advance(&queue->ring, count);
    }
    io_uring_queue_exit(&queue->ring);
    free(queue->entries);
    return NULL;
}

/* INIT has been answered; FORGET and INTERRUPT always come this way. */
static void *serve_device(void *argument)
{
    (void)argument;
    null_serve_device(settings.device, &settings.fs);
    null_request_stop();
    return NULL;
}

static const char *parse_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"depth", required_argument, NULL, 'n'},
        {"pin", required_argument, NULL, 'p'},
        {"poll", required_argument, NULL, 'u'},
        {"delay", required_argument, NULL, 'l'},
        {"huge-pages", no_argument, NULL, 'g'},
        NULL_COMMON_OPTIONS,
    };
    int option;
    uint64_t delay_us;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'n': settings.depth = (unsigned)null_parse_number("--depth", optarg, 1, MAX_DEPTH); break;
        case 'u': settings.poll_us = (unsigned)null_parse_number("--poll", optarg, 0, 1000000); break;
        case 'l':
            delay_us = null_parse_number("--delay", optarg, 0, 60000000);
            settings.delay.tv_sec = (int64_t)(delay_us / 1000000);
            settings.delay.tv_nsec = (int64_t)(delay_us % 1000000 * 1000);
            break;
        case 'p':
            settings.sibling = strcmp(optarg, "sibling") == 0;
            if (!settings.sibling && strcmp(optarg, "same") != 0) {
                fprintf(stderr, "null_ring: --pin takes same or sibling, not '%s'\n", optarg);
                exit(2);
            }
            break;
        case 'g': settings.huge_pages = true; break;
        case 'h': usage(stdout); exit(0);
        default:
            if (!null_take_option(option, optarg, &settings.fs)) {
                usage(stderr);
                exit(2);
            }
        }
    }
    if (optind != argc - 1) {
        usage(stderr);
        exit(2);
    }
    return argv[optind];
}

static void start_queues(unsigned count)
{
    struct queue *queues = calloc(count, sizeof(*queues));
    if (queues == NULL) {
        null_fatal("out of memory");
    }
    pthread_barrier_init(&prepared, NULL, count + 1);
    pthread_barrier_init(&started, NULL, count + 1);
    for (unsigned i = 0; i < count; i++) {
        queues[i].id = i;
        queues[i].cpu = serving_cpu(i, count);
        if (pthread_create(&queues[i].thread, NULL, serve_queue, &queues[i]) != 0) {
            null_fatal("cannot start the thread of queue %u", i);
        }
    }
}

int main(int argc, char **argv)
{
    const char *mountpoint = parse_arguments(argc, argv);
    unsigned cpus = possible_cpus();
    pthread_t device_thread;
    settings.payload_bytes = NULL_MAX_WRITE_BYTES; /* also max_pages pages, and more than the kernel's least, 8 KiB */
    null_block_signals();
    null_guard_mount(mountpoint);
    settings.device = null_mount(mountpoint, "null_ring");

    start_queues(cpus);
    pthread_barrier_wait(&prepared);
    null_serve_init(settings.device, FUSE_OVER_IO_URING, &settings.fs);
    pthread_barrier_wait(&started);
    if (pthread_create(&device_thread, NULL, serve_device, NULL) != 0) {
        null_fatal("cannot start the thread that reads /dev/fuse");
    }
    null_ask_mount(mountpoint);
    null_say_ready();
    null_wait_for_stop();
    null_unmount(mountpoint);
    /* The threads end with the process: a copy of the mount in another namespace may keep the connection alive. */
    null_guard_release();
    return 0;
}
