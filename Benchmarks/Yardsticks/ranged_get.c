/*
 * The least that a ranged GET costs a client: one connection, a blocking send and blocking receives, nothing signed, parsed or
 * checked.
 *
 *     ranged_get PORT PATH BYTES COUNT
 *
 * Asks a web server of this machine for the first BYTES of PATH, COUNT times, and prints CPU time for each in microseconds and
 * how many there were a second. What the client of S3 is held against (../objects). Its request is as long as a signed one.
 */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096, SIGNATURE_BYTES = 250 };

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int connected(in_port_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    if (setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
    return server;
}

/* One answer, head and body; the connection stays as it was. */
static void receive(int server, char *buffer, size_t bytes)
{
    size_t got = 0, end = 0;
    while (end == 0 || got < end) {
        ssize_t count = recv(server, buffer + got, bytes + HEAD_BYTES - got, 0);
        if (count <= 0) fail("recv");
        got += (size_t)count;
        char *blank = end == 0 ? memmem(buffer, got, "\r\n\r\n", 4) : NULL;
        if (blank != NULL) end = (size_t)(blank + 4 - buffer) + bytes;
    }
    if (memcmp(buffer, "HTTP/1.1 206 ", 13) != 0) {
        fprintf(stderr, "no part of an object: %.40s\n", buffer);
        exit(1);
    }
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: ranged_get PORT PATH BYTES COUNT\n");
        return 64;
    }
    size_t bytes = strtoul(arguments[3], NULL, 10);
    long times = atol(arguments[4]);
    char signature[SIGNATURE_BYTES + 1], *request, *buffer = malloc(bytes + HEAD_BYTES);
    memset(signature, 'x', SIGNATURE_BYTES);
    signature[SIGNATURE_BYTES] = 0;
    int length = asprintf(
        &request, "GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=0-%zu\r\nAuthorization: %s\r\n\r\n",
        arguments[2], bytes - 1, signature);
    if (buffer == NULL || length < 0 || bytes == 0 || times < 1) fail("arguments");
    int server = connected((in_port_t)atoi(arguments[1]));
    double start = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long number = 0; number < times; number++) {
        if (send(server, request, (size_t)length, 0) != length) fail("send");
        receive(server, buffer, bytes);
    }
    used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
    printf("%.1f %.0f\n", used / (double)times * 1e6, (double)times / (seconds(CLOCK_MONOTONIC) - start));
    return 0;
}
