/* What the C tests share: a check that names what it found, and the library's answers as C sees them. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pssailpointcc.h"

#define CHECK(condition, found)                                                                \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: %s\n  found: %s\n", __FILE__, __LINE__, #condition, found); \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* Checks that an answer has `part` in it, and gives it back. */
static inline void answers(char *answer, const char *part) {
    CHECK(answer != NULL, "NULL");
    CHECK(strstr(answer, part) != NULL, answer);
    cc_string_free(answer);
}

/* A request for `filter` (JSON-escaped) on the tenant at `url`, in a buffer of the caller's. */
static inline const char *request(char *buffer, size_t size, const char *url, const char *filter) {
    snprintf(buffer, size,
             "{\"filter\": \"%s\", \"configuration\": {\"baseUrl\": \"%s\", \"clientId\": \"sandbox-client\","
             " \"clientSecret\": \"sandbox-secret\", \"retryIntervalSeconds\": 0.01,"
             " \"rateLimit\": {\"requests\": 10000, \"seconds\": 0.1}, \"lookup\": {}}}",
             filter, url);
    return buffer;
}

#endif
