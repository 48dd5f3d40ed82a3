/* What the C tests that are linked with the library share: its answers as C sees them. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <string.h>

#include "check.h"
#include "pssailpointcc.h"

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
