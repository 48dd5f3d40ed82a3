/* What tests/budgets.rs counts: `budget URL refresh N`, so many refreshes of one person; `budget URL names N`, one refresh of
 * so many people by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pssailpointcc.h"

static int refresh(const char *request) {
    char *answer = cc_refresh_identities(request);
    int done = strncmp(answer, "{\"ok\":true", 10) == 0;
    if (!done) fputs(answer, stderr);
    cc_string_free(answer);
    return done;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    long number = atol(arguments[3]);
    char configuration[512];
    snprintf(configuration, sizeof configuration,
             "\"configuration\": {\"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\", \"rateLimit\": {\"requests\": 10000, "
             "\"seconds\": 0.001}}",
             arguments[1]);
    if (strcmp(arguments[2], "refresh") == 0) {
        char request[1024];
        snprintf(request, sizeof request,
                 "{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"refreshArgs\": {\"correlateEntitlements\": true, "
                 "\"promoteAttributes\": true}, \"options\": {\"preflight\": false}, %s}",
                 configuration);
        while (number-- > 0)
            if (!refresh(request)) return 1;
        return 0;
    }
    size_t size = 1024 + (size_t)number * 24, length;
    char *request = malloc(size);
    if (request == NULL) return 1;
    length = (size_t)snprintf(request, size, "{\"identities\": [");
    for (long i = 0; i < number; i++)
        length += (size_t)snprintf(request + length, size - length, "%s\"person.%06ld\"", i > 0 ? ", " : "", i);
    snprintf(request + length, size - length, "], %s}", configuration);
    int done = refresh(request);
    free(request);
    return !done;
}
