/* After a configuration was replaced, no copy of its secrets is left in this process. */
#define _GNU_SOURCE
#include <time.h>
#include <stdint.h>

#include "answers.h"

#define KEY 0x5a

/* The secrets, so that this program's own text does not hold them: each byte XOR KEY. */
static const char *const hidden[] = {
    "\x29\x3b\x34\x3e\x38\x35\x22\x77\x29\x3f\x39\x28\x3f\x2e", /* the client's secret: sandbox-secret */
    "\x32\x69\x3b\x3e\x69\x28\x77\x6a\x6b\x68\x69\x6e\x6f",     /* a header's value: h3ad3r-012345 */
};

static void append_hidden(char *buffer, const char *secret) {
    size_t length = strlen(buffer);
    for (; *secret != 0; secret++) buffer[length++] = (char)(*secret ^ KEY);
    buffer[length] = 0;
}

/* Compares without a plain copy. */
static int found_at(const char *memory, const char *secret) {
    size_t at = 0;
    while (secret[at] != 0 && (memory[at] ^ KEY) == secret[at]) at++;
    return secret[at] == 0;
}

/* How often a secret stands in the memory that this process can write to. */
static int copies(const char *secret) {
    FILE *maps = fopen("/proc/self/maps", "r"), *memory = fopen("/proc/self/mem", "r");
    CHECK(maps != NULL && memory != NULL, "/proc/self");
    static char line[512], block[(1 << 20) + 64];
    setvbuf(memory, NULL, _IONBF, 0);
    int count = 0;
    size_t length = strlen(secret);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char access[8];
        if (sscanf(line, "%llx-%llx %7s", &from, &to, access) != 3 || access[0] != 'r' || access[1] != 'w') continue;
        for (unsigned long long at = from; at < to; at += 1 << 20) {
            /* Not the block itself. */
            if ((uintptr_t)block >= at && (uintptr_t)block < at + (1 << 20)) continue;
            if (fseek(memory, (long)at, SEEK_SET) != 0) continue;
            size_t size = to - at < sizeof block ? (size_t)(to - at) : sizeof block;
            size = fread(block, 1, size, memory);
            for (size_t i = 0; i + length <= size && i < 1 << 20; i++) count += found_at(block + i, secret);
            memset(block, 0, sizeof block);
        }
    }
    fclose(maps);
    fclose(memory);
    return count;
}

int main(int count, char **arguments) {
    CHECK(count == 2, "usage: memory URL");
    static char text[2048];
    const char *request = "{\"filter\": \"uid == \\\"amelie.roux\\\"\"}";
    for (int round = 0; round < 3; round++) {
        snprintf(text, sizeof text, "{\"baseUrl\": \"%s\", \"clientId\": \"sandbox-client\", \"lookup\": {}, \"clientSecret\": \"",
                 arguments[1]);
        append_hidden(text, hidden[0]);
        strcat(text, "\", \"defaultHeaders\": {\"X-Key\": \"");
        append_hidden(text, hidden[1]);
        strcat(text, "\"}}");
        answers(cc_configure(text), "{\"ok\":true");
        memset(text, 0, sizeof text);
        answers(cc_refresh_identities(request), "{\"ok\":true");
        uint64_t operation = cc_operation_start("cc_refresh_identities", request);
        answers(cc_operation_wait(operation, 60000), "\"result\":{\"ok\":true");
        cc_operation_free(operation);
        /* The scan finds what is in use. */
        CHECK(copies(hidden[0]) > 0 && copies(hidden[1]) > 0, "no secret in use");
        answers(cc_configure("{\"lookup\": {}}"), "{\"ok\":true");
        /* The network's thread closes the connections soon. */
        for (int wait = 0; wait < 400 && copies(hidden[0]) + copies(hidden[1]) > 0; wait++) {
            struct timespec pause = {0, 50000000};
            nanosleep(&pause, NULL);
        }
        char found[60];
        snprintf(found, sizeof found, "%d and %d copies", copies(hidden[0]), copies(hidden[1]));
        CHECK(copies(hidden[0]) == 0 && copies(hidden[1]) == 0, found);
    }
    return 0;
}
